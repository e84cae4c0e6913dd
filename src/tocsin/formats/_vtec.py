"""Valid Time Event Codes: the second identity of a United States warning.

Source: NWS Instruction 10-1703, section 2 (P-VTEC: /k.aaa.cccc.pp.s.####.yymmddThhnnZ-yymmddThhnnZ/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from tocsin.model import Status
from tocsin.values import quick

_VTEC = re.compile(
    r"/([OTEX])\.(NEW|CON|EXT|EXA|EXB|UPG|CAN|EXP|ROU|COR)\.([A-Z]{4})\.([A-Z]{2})\.([WAYSOFN])\.(\d{4})"
    r"\.(\d{6}T\d{4}Z)-(\d{6}T\d{4}Z)/",
    re.ASCII,
)
_NO_EVENT = "0000"
_LAST_CENTURY = 69  # as POSIX reads years of two digits
_FIRST_YEAR = 2000  # VTEC began in 2005; "700101T0000Z" and the like are a generator's zero
_ENDING = frozenset({"CAN", "EXP", "UPG"})
_PRODUCT_CLASS = {"O": Status.ACTUAL, "T": Status.TEST, "E": Status.EXERCISE, "X": Status.TEST}


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Vtec:
    """One P-VTEC string. `begins` is None when it has begun already, `ends` when it runs until further notice."""

    status: Status
    action: str
    office: str
    phenomenon: str
    significance: str
    number: str
    begins: datetime | None
    ends: datetime | None


def read_vtec(texts: Iterable[str]) -> tuple[Vtec, ...]:
    """Return the VTEC strings that stand in `texts`, in order; what is no VTEC is left out."""
    return tuple(
        Vtec(
            status=_PRODUCT_CLASS[found[1]],
            action=found[2],
            office=found[3],
            phenomenon=found[4],
            significance=found[5],
            number=found[6],
            begins=_moment(found[7]),
            ends=_moment(found[8]),
        )
        for text in texts
        for found in _VTEC.finditer(text)
    )


def aliases(vtecs: Sequence[Vtec], *, sent: datetime) -> tuple[str, ...]:
    """Return the thread names "vtec:KLSX.TO.W.0040.2021" of these strings.

    Numbers begin anew each year. The year is that in which the event begins; where the string no longer says it, that
    of `sent`, and in January the one before as well, since an event may have come over from it. Routine statements
    (ROU) all bear the number 0000 and have no thread.
    """
    names: dict[str, None] = {}
    for vtec in vtecs:
        if vtec.number == _NO_EVENT:
            continue
        stem = f"vtec:{vtec.office}.{vtec.phenomenon}.{vtec.significance}.{vtec.number}"
        years = [vtec.begins.year] if vtec.begins else [sent.year]
        if vtec.begins is None and vtec.action != "NEW" and sent.month == 1:
            years.append(sent.year - 1)
        names.update(dict.fromkeys(f"{stem}.{year}" for year in years))
    return tuple(names)


def is_over(vtecs: Sequence[Vtec]) -> bool:
    """Return whether the strings say that all they speak of has ended: cancelled, expired or replaced by another."""
    return bool(vtecs) and all(vtec.action in _ENDING for vtec in vtecs)


def status_of(vtecs: Sequence[Vtec]) -> Status:
    """Return Actual, or what a test or exercise product class makes of the message."""
    for vtec in vtecs:
        if vtec.status is not Status.ACTUAL:
            return vtec.status
    return Status.ACTUAL


def end_of(vtecs: Sequence[Vtec]) -> datetime | None:
    """Return the latest end among the strings, or None where one runs until further notice or there is none."""
    ends = [vtec.ends for vtec in vtecs]
    return max(filter(None, ends)) if ends and all(ends) else None


@lru_cache(maxsize=4_096)  # the messages of one storm name the same few
def _moment(text: str) -> datetime | None:
    """Return the moment of "yymmddThhnnZ"; None for zeros and what does not exist. strptime takes ten times as long."""
    year, month, day, hour, minute = (int(text[at : at + 2]) for at in (0, 2, 4, 7, 9))
    try:
        moment = datetime(year + (2000 if year < _LAST_CENTURY else 1900), month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    return moment if moment.year >= _FIRST_YEAR else None
