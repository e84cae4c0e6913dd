"""Canaries: made-up people and notices, dressed as the documents in which authorities publish.

Every name, number and address is invented anew from a `Random`, so that finding one again means that it was kept.
Telephone numbers are of ranges that are given to nobody, addresses end in ".example".

Source: Ofcom, numbers for drama use; RFC 2606.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from string import Template

from tocsin import formats, gate, record
from tocsin.errors import ConfigError, FormatError
from tocsin.model import IssuerClass, Item
from tocsin.neutrality import wording

_FORMATS_OF_JSON = {"nws", "gtfs_rt", "wzdx"}
SHORTEST = 6  # characters of a canary; shorter ones stand in any file by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A feed document and the strings in it that must be found nowhere afterwards. `name` says what it is."""

    name: str
    format: str
    issuer_class: IssuerClass
    document: bytes
    strings: tuple[str, ...]


def own(random: Random, now: datetime) -> tuple[Canary, ...]:
    """Return canaries in all formats and languages there are templates for, with times around `now`."""
    return tuple(_made(random, now))


def _made(random: Random, now: datetime) -> Iterator[Canary]:
    for language in wording.SENTENCES:
        yield _filled("cap-warning", "cap", IssuerClass.HAZARD, wording.CAP_WARNING, language, random, now)
        yield _filled("cap-notice", "cap", IssuerClass.CIVIL, wording.CAP_NOTICE, language, random, now)
        yield _filled("news", "georss", IssuerClass.CIVIL, wording.NEWS, language, random, now)
    for name, (format_, issuer_class, template) in wording.DOCUMENTS.items():
        yield _filled(name, format_, issuer_class, template, "en", random, now)


def _filled(
    name: str, format_: str, issuer_class: IssuerClass, template: str, language: str, random: Random, now: datetime
) -> Canary:
    person, mail = _name(random), f"{_word(random)}@{_word(random)}.example"
    phone, union = f"+44 7700 900{random.randrange(1000):03}", f"{_word(random).title()} {_word(random).title()}"
    said = {
        "person": person,
        "mail": mail,
        "phone": phone,
        "union": union,
        "who": wording.CONTACTS[language].format(person=person, phone=phone, mail=mail),
        "call": wording.SENTENCES[language].format(union=union),
        "calm": wording.WARNINGS[language],
        "language": language,
        "id": f"{random.getrandbits(64):016x}",
        **_times(now),
    }
    shown = {key: _escaped(value, format_) for key, value in said.items()}
    document = Template(template).substitute(shown)
    strings = tuple(one for one in (person, mail, phone, union) if one in document)
    return Canary(
        name=f"{name} {language}",
        format=format_,
        issuer_class=issuer_class,
        document=document.encode(),
        strings=strings,
    )


def _escaped(value: str, format_: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1] if format_ in _FORMATS_OF_JSON else value


def _times(now: datetime) -> dict[str, str]:
    begins, ends = now - timedelta(minutes=10), now + timedelta(hours=6)
    return {
        "begins": begins.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        "ends": ends.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        "begins_s": str(int(begins.timestamp())),
        "ends_s": str(int(ends.timestamp())),
        "begins_ical": begins.strftime("%Y%m%dT%H%M%SZ"),
        "ends_ical": ends.strftime("%Y%m%dT%H%M%SZ"),
        "begins_mail": begins.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    }


_SYLLABLES = (
    *("bran", "quor", "vel", "tham", "dru", "mor", "wex", "lin", "ost", "pell", "gar", "zim", "nor", "fen", "hal"),
    *("kest", "jor", "umb", "ryd", "cask", "ilt", "sorn", "bry", "tock", "mund", "ashk", "plov", "dray", "gwin"),
)


def _word(random: Random) -> str:
    """Return a word that no language has, of four syllables: some 700,000 of them."""
    return "".join(random.choice(_SYLLABLES) for _ in range(4))


def _name(random: Random) -> str:
    return f"{_word(random).title()} {_word(random).title()}"


# --- somebody else's ----------------------------------------------------------------------------------------------


def read(path: Path, *, shortest: int = SHORTEST) -> tuple[Canary, ...]:
    """Return the canaries of a file, JSON Lines of id, format, source_class, document and canaries (a list of strings).

    That is the form of `tocsin gate --items`. A string needs `shortest` characters. Raises ConfigError naming the line
    that is not of it.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path} cannot be read", setting="--canaries") from None
    found = tuple(_line(line, f"{path}:{number}", shortest) for number, line in enumerate(lines, 1) if line.strip())
    if not any(canary.strings for canary in found):
        raise ConfigError(f"{path} names no string under `canaries`, so there is nothing to look for")
    return found


def _line(line: str, where: str, shortest: int) -> Canary:
    try:
        row = json.loads(line)
        canary = Canary(
            name=str(row["id"]),
            format=row["format"],
            issuer_class=IssuerClass(row["source_class"]),
            document=row["document"].encode(),
            strings=tuple(row["canaries"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(f"{where}: needs id, format, source_class, document and canaries") from None
    if canary.format not in formats.FORMATS:
        raise ConfigError(f"{where}: no such format; known are {', '.join(formats.FORMATS)}")
    if any(not isinstance(one, str) or len(one) < shortest for one in canary.strings):
        raise ConfigError(
            f"{where}: a canary is a text of at least {shortest} characters, so that it stands nowhere by chance"
        )
    return canary


# --- the same verdict every time ----------------------------------------------------------------------------------

_MOMENT = datetime(2026, 1, 15, 12, tzinfo=UTC)


def judged(canary: Canary, now: datetime) -> list[gate.Ruling]:
    """Return what the gate rules on each item of a canary's document."""
    try:
        items = formats.read(canary.format, canary.document, source="canary", now=now).items
    except FormatError:
        items = ()
    items = items or (Item(at="document"),)
    return [gate.examine(item, issuer_class=canary.issuer_class) for item in items]


def fingerprint(made: Callable[[Random, datetime], tuple[Canary, ...]] = own) -> str:
    """Return the SHA-256 in hex over all that the gate rules on canaries that are always the same ones."""
    said = [
        [ruling.decision.verdict, ruling.decision.rule, *(record.to_text(one.event) for one in ruling.admitted)]
        for canary in made(Random(41), _MOMENT)  # noqa: S311  the same ones each time
        for ruling in judged(canary, _MOMENT)
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(fingerprint())
