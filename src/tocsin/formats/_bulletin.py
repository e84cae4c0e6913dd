"""Bulletins of the World Meteorological Organization as text: headers, the products under them, when they were sent.

A bulletin is (after an optional number of three digits) one line "TTAAii CCCC DDHHMM BBB", in the United States one
line more with the AWIPS identifier ("TORJAN"), and text. One document may hold several. Line ends are CR CR LF,
CR LF or LF; control characters (^A, ^C and others) are set aside.

A header says day, hour and minute only. Month and year are those of the written issuance line ("1151 AM CDT MON AUG
29 2005"), else of a date that the reader knows (of a VTEC), else of `now`. A correction (BBB CCA, CCB ...) may bear
the header's time of what it corrects; `Product.corrected` then names that.

Source: WMO-No. 386, attachment II-5 (abbreviated heading; BBB groups); NWSI 10-1701 (AWIPS identifier, MND header).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from tocsin.errors import FormatError

MAX_BYTES = 5 * 2**20  # some 2,000 bulletins
MAX_PRODUCTS = 20_000
"""Headers of one document, whatever stands under them."""
HEADER = re.compile(r"([A-Z]{4}[0-9]{2}) ([A-Z]{4}) ([0-9]{2})([0-9]{2})([0-9]{2})(?: ([A-Z]{3}))? *")
_AWIPS = re.compile(r"([A-Z0-9]{3})([A-Z0-9]{1,3}) *")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ENDS = re.compile(r"\r*\n|\r")
_WRITTEN = re.compile(
    r"([0-9]{1,4}) (?:(AM|PM) )?([A-Z]{2,5}) (?:(?:SUN|MON|TUE|WED|THU|FRI|SAT) )?"
    r"(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]{0,6} ([0-9]{1,2}) ([0-9]{4})(?![0-9])",
    re.IGNORECASE | re.ASCII,
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# Hours from UTC of the zones of NWS offices (NWSI 10-1701) and of the advisories of the National Hurricane Center.
_ZONES = {
    "UTC": 0, "GMT": 0, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "HDT": -9, "SST": -11, "CHST": 10, "CVT": -1, "PWT": 9,
    "CHUT": 10, "YAPT": 10, "PONT": 11, "KOST": 11, "MHT": 12,
}  # fmt: skip
_CORRECTION = "CC"
_FIRST_YEAR, _LAST_YEAR = 1970, 2500
_DATED_WITHIN = 40  # lines of a product among which its issuance line stands
_NOON = 12
_AHEAD = timedelta(days=1)  # a header's day that is further ahead than this was in the month before
_LONGEST_LINE = 2_000  # characters; NWS wraps at 69


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product of a bulletin. `lines` follow the header (and the AWIPS identifier); `line` numbers the first.

    `category` and `place` are the halves of the AWIPS identifier ("TOR", "JAN"), empty where there is none.
    """

    heading: str
    office: str
    day: int
    hour: int
    minute: int
    amendment: str
    category: str
    place: str
    line: int
    lines: tuple[str, ...]

    @property
    def at(self) -> str:
        """Return the position of the product's header in the document."""
        return f"line {self.line - (2 if self.category else 1)}"

    def identifier(self, sent: datetime) -> str:
        """Return the product's name: "202106261121-TJSJ-WGCA82-FLSSJU", and after it an amendment's BBB."""
        return self._named(sent, self.amendment)

    def corrected(self, sent: datetime) -> tuple[str, ...]:
        """Return the names of the products of the same time that this one corrects, the newest first."""
        if not self.amendment.startswith(_CORRECTION):
            return ()
        earlier = range(ord(self.amendment[-1]) - 1, ord("A") - 1, -1)
        return tuple(self._named(sent, amendment) for amendment in (*(_CORRECTION + chr(n) for n in earlier), ""))

    def _named(self, sent: datetime, amendment: str) -> str:
        parts = [f"{sent:%Y%m%d%H%M}", self.office, self.heading, self.category + self.place, amendment]
        return "-".join(filter(None, parts))


def lines_of(body: bytes) -> list[str]:
    """Return the lines of a text without control characters and without blanks at their ends.

    Raises FormatError when it is larger than MAX_BYTES.
    """
    if len(body) > MAX_BYTES:
        raise FormatError(f"the document is larger than {MAX_BYTES} bytes", at="document")
    text = body.decode("utf-8-sig", "replace") if _is_utf8(body) else body.decode("latin-1")
    return [_CONTROLS.sub("", line)[:_LONGEST_LINE].rstrip() for line in _ENDS.split(text)]


def products(lines: Sequence[str]) -> Iterator[Product]:
    """Yield every product under a header, in order. Raises FormatError for too many. Cost: linear."""
    starts = [(number, found) for number, line in enumerate(lines) if (found := HEADER.fullmatch(line))]
    if len(starts) > MAX_PRODUCTS:
        raise FormatError(f"more than {MAX_PRODUCTS} products", at="document")
    ends = [*(number for number, _ in starts[1:]), len(lines)]
    for (start, found), end in zip(starts, ends, strict=False):
        own = list(lines[start + 1 : end])
        while own and not own[-1]:
            own.pop()
        awips = _AWIPS.fullmatch(own[0]) if own else None
        yield Product(
            heading=found[1],
            office=found[2],
            day=int(found[3]),
            hour=int(found[4]),
            minute=int(found[5]),
            amendment=found[6] or "",
            category=awips[1] if awips else "",
            place=awips[2] if awips else "",
            line=start + (3 if awips else 2),
            lines=tuple(own[1:] if awips else own),
        )


def sent_of(product: Product, *, known: Iterable[datetime], now: datetime) -> datetime | None:
    """Return when the product was sent, or None where neither header nor issuance line is a time.

    `known` are dates near the issuance that the product states elsewhere. See the docstring of the module.
    """
    written = next((moment for line in product.lines[:_DATED_WITHIN] if (moment := written_time(line))), None)
    near = written or next(iter(known), None)
    moment = (
        nearest(product.day, product.hour, product.minute, near)
        if near
        else latest(product.day, product.hour, product.minute, now + _AHEAD)
    )
    return moment or written


def written_time(line: str) -> datetime | None:
    """Return the moment with which a line begins, or None. An hour that is none (1951 AM) counts as noon of its day."""
    found = _WRITTEN.match(line.strip())
    if found is None or found[3].upper() not in _ZONES:
        return None
    hour, minute = divmod(int(found[1]), 100) if len(found[1]) > len("12") else (int(found[1]), 0)
    if found[2]:
        hour, minute = (hour % _NOON + _NOON * (found[2].upper() == "PM"), minute) if 1 <= hour <= _NOON else (_NOON, 0)
    zone = timezone(timedelta(hours=_ZONES[found[3].upper()]))
    year, month = int(found[6]), _MONTHS.index(found[4].upper()) + 1
    return _moment(year, month, int(found[5]), hour, minute, zone)


def nearest(day: int, hour: int, minute: int, near: datetime) -> datetime | None:
    """Return of the moments of this day of the month and time, in UTC, the nearest to `near`; None if there is none."""
    return min(_candidates(day, hour, minute, near), key=lambda moment: abs(moment - near), default=None)


def latest(day: int, hour: int, minute: int, limit: datetime) -> datetime | None:
    """Return of these moments the latest that is not after `limit`."""
    return max((one for one in _candidates(day, hour, minute, limit) if one <= limit), default=None)


def earliest(day: int, hour: int, minute: int, limit: datetime) -> datetime | None:
    """Return of these moments the earliest that is not before `limit`."""
    return min((one for one in _candidates(day, hour, minute, limit) if one >= limit), default=None)


def _candidates(day: int, hour: int, minute: int, near: datetime) -> list[datetime]:
    """Return these moments in the months around `near`; February may lack one, so two months either way are tried."""
    first = near.year * 12 + near.month - 1
    moments = (_moment(months // 12, months % 12 + 1, day, hour, minute, UTC) for months in range(first - 2, first + 3))
    return [moment for moment in moments if moment]


def _moment(year: int, month: int, day: int, hour: int, minute: int, zone: timezone) -> datetime | None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return datetime(year, month, day, hour, minute, tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
