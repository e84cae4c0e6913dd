"""Checks of what is stored: types, strings, schema, and what an event without cause looks like (N2 to N5, N7).

Each yields a sentence for each fault: table, column and row, never what stands there. Patterns and lists of fields are
written here, apart from the gate's.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any

import re2
from sqlalchemy import LargeBinary

from tocsin import record
from tocsin.errors import FormatError
from tocsin.gate.codes import TABLES
from tocsin.hazards import HAZARDS
from tocsin.model import Event, Impact, Notice, Told
from tocsin.neutrality.folder import Folder, Row
from tocsin.store.tables import metadata

WITHHELD = "withheld"  # the sender of an event without cause
KEPT_AFTER_END = timedelta(hours=24)
GRACE = timedelta(minutes=10)  # what has served its time is deleted every minute
QUARTER_M = 15
HASH_SIZE = 32

_NOUNS = {"events": Event, "impacts": Impact, "told": Told, "notices": Notice}
_EFFECTS = {effect.hazard for effect in TABLES.effects.values()} | {"evacuation", "shelter", "avoid-area"}
_LABELS = {effect.label for effect in TABLES.effects.values()} | {HAZARDS[slug].label for slug in _EFFECTS}


# --- N2 -----------------------------------------------------------------------------------------------------------


def closed_list(data: Folder) -> Iterator[str]:
    """Yield the events and notices whose type is not on the list."""
    for row in data.events:
        hazard = row.body.get("hazard")
        if hazard != row.columns["hazard"]:
            yield f"{row}: its type is not that of its body"
        elif hazard not in HAZARDS and not _is_bare_end(row.body):
            yield f"{row}: its type is not on the list"
    for row in data.rows("notices"):
        if row.columns["hazard"] not in {None, *HAZARDS}:
            yield f"{row}: its type is not on the list"


def _is_bare_end(body: Any) -> bool:
    says = ("texts", "areas", "codes", "measures", "sender_name", "web", "hazard")
    return bool(body.get("references")) and not any(body.get(name) for name in says)


# --- N3 -----------------------------------------------------------------------------------------------------------

_FORBIDDEN = {
    "an e-mail address": re2.compile(r"[\w.+%-]+@[\w-]+(\.[\w-]+)+"),
    "an account": re2.compile(r"(^|[^\w@])@\w\w"),
    "a link to a social network": re2.compile(
        r"(^|[/.\s])((x|twitter|facebook|instagram|tiktok|linkedin|youtube|threads|whatsapp|telegram|vk|reddit|discord)"
        r"\.com|fb\.me|t\.me|wa\.me|bsky\.app|mastodon\.\w+|signal\.(me|group)|discord\.gg)([/\s?#]|$)"
    ),
    "embedded data": re2.compile(r"data:[a-z]+/[a-z0-9.+-]+[;,]|;base64,|mailto:|tel:\+?\d"),
}
_HIDDEN = {"Cc", "Cf", "Cs", "Co"}


def strings(data: Folder) -> Iterator[str]:
    """Yield where a stored text holds what no text may hold."""
    for table in data.objects["table"]:
        for row in data.rows(table):
            for column, value in row.columns.items():
                if (table, column) == ("side_trees", "hashes"):
                    continue  # bytes that `logged.items` shows to be those of the log
                for said in sorted({found for text in _texts(value) for found in _faults(text)}):
                    yield f"{row}, {column}: {said}"


def _texts(value: Any) -> Iterator[str]:
    """Yield the strings within a stored value: those of JSON one by one, with the names of its fields."""
    if isinstance(value, bytes):  # an entry of the log, or noise
        value = value.decode("ascii", "ignore") if len(value) != HASH_SIZE else None
    if isinstance(value, str):
        try:
            yield from _within(json.loads(value)) if value[:1] in {"{", "["} else (value,)
        except ValueError:
            yield value


def _within(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from _within(one)
    elif isinstance(value, list):
        for one in value:
            yield from _within(one)


def _faults(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    yield from (name for name, pattern in _FORBIDDEN.items() if pattern.search(plain))
    if any(unicodedata.category(char) in _HIDDEN and char not in "\n\t" for char in text):
        yield "a character nobody can see"


def schema(data: Folder) -> Iterator[str]:
    """Yield what the database has beside the published schema, and what bodies hold beside the published fields."""
    known = {**{table.name: table for table in metadata.sorted_tables}}
    found = set(data.objects["table"]) - {"alembic_version"}
    yield from (f"table {_shown(name)} is not published" for name in sorted(found - known.keys()))
    yield from (f"table {name} is missing" for name in sorted(known.keys() - found))
    for name in sorted(found & known.keys()):
        published = {column.name for column in known[name].columns}
        yield from (
            f"{name}: column {_shown(one)} is not published" for one in data.columns(name) if one not in published
        )
        for row in data.rows(name):
            yield from _bytes(row, known[name])
            if name in _NOUNS and not _is_canonical(row, _NOUNS[name]):
                yield f"{row}: its body holds what no {_NOUNS[name].__name__} has"


def _bytes(row: Row, table: Any) -> Iterator[str]:
    """Yield the columns in which bytes stand that should not: a column holds 32 bytes, a leaf of the log, or text."""
    for name, value in row.columns.items():
        kind = table.columns[name].type if name in table.columns else None
        if isinstance(value, bytes) and (
            not isinstance(kind, LargeBinary) or (kind.length and len(value) != kind.length)
        ):
            yield f"{row}, {name}: bytes that are no hash, key or entry"


def _is_canonical(row: Row, noun: type[Any]) -> bool:
    try:
        return record.to_text(record.from_text(noun, row.columns["body"])) == row.columns["body"] and all(
            re.fullmatch(r"[a-z0-9_]{1,40}", name) for name in row.body.get("measures") or ()
        )
    except (FormatError, ValueError, TypeError):
        return False


def _shown(name: str) -> str:
    """Return the name of a table or column if it looks like one; somebody may have put words there."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,40}", name) else "(no plain name)"


# --- N4, N5 -------------------------------------------------------------------------------------------------------

_DIGEST = re.compile(r"[0-9a-f]{32}")
_ALIAS = re.compile(r"withheld:[0-9a-f]{32}")
_PLAIN = {
    *("source", "sender", "identifier", "sent", "part", "status", "msg_type", "scope", "references", "aliases"),
    *("is_over", "category", "codes", "hazard", "urgency", "severity", "certainty", "response"),
    *("effective", "onset", "expires", "texts", "areas"),
}
_TIMES = ("sent", "effective", "onset", "expires")


def without_cause(data: Folder) -> list[Row]:
    """Return the events that are stored without their cause."""
    return [row for row in data.events if row.body.get("sender") == WITHHELD]


def effects(data: Folder) -> Iterator[str]:
    """Yield what leads back from an event without cause: words, links, senders, identifiers."""
    for row in without_cause(data):
        yield from (f"{row}: {said}" for said, is_so in _leads(row.body) if is_so)


def _leads(body: Any) -> Iterator[tuple[str, bool]]:
    yield "it has a link", bool(body.get("web"))
    yield "it names its sender", bool(body.get("sender_name"))
    yield "its identifier is no digest", not _DIGEST.fullmatch(str(body.get("identifier")))
    yield "it has another name that is no digest", not all(_ALIAS.fullmatch(str(name)) for name in body["aliases"])
    named = (tuple(reference) for reference in body["references"])
    yield (
        "it names another message openly",
        not all(sender == WITHHELD and _DIGEST.fullmatch(name) for sender, name, _ in named),
    )
    yield "it has words that are not ours", not all(map(_is_ours, body["texts"])) or len(body["texts"]) > 1
    yield "it has a code of its issuer", not all(scheme == "effect" for scheme, _ in body["codes"])


def _is_ours(text: Any) -> bool:
    said = {text["event"], text["headline"]}
    return said <= _LABELS and len(said) == 1 and not text["description"] and not text["instruction"]


def shape(data: Folder) -> Iterator[str]:
    """Yield the events without cause that do not look like the others."""
    for row in without_cause(data):
        filled = {name for name, value in row.body.items() if value not in ({}, [], "", None, False, 0)}
        if filled - _PLAIN:
            yield f"{row}: a field that others have not"
        if row.body["hazard"] not in {None, *_EFFECTS} or row.body["category"] not in (["Safety"], ["Transport"], []):
            yield f"{row}: a type that others have not"
        # A bare end keeps its second: what was said after it stands. It has no place and says of nothing what it was.
        times = _TIMES[1:] if _is_bare_end(row.body) else _TIMES
        if not all(_is_rounded(row.body[name]) for name in times if row.body[name]):
            yield f"{row}: a time that is not rounded"


def _is_rounded(moment: str) -> bool:
    at = datetime.fromisoformat(moment).astimezone(UTC)
    return at.year == MAXYEAR or (at.minute % QUARTER_M, at.second, at.microsecond) == (0, 0, 0)


def age(data: Folder) -> Iterator[str]:
    """Yield the events without cause, and the notices of effects, that should be gone."""
    latest = data.now - KEPT_AFTER_END - GRACE
    threads = {row.columns["thread"] for row in without_cause(data)}
    ends: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in data.events:
        if row.columns["thread"] in threads:
            ends[row.columns["thread"]].append(_end(row))
    for row in without_cause(data):
        if max(ends[row.columns["thread"]]) < latest:
            yield f"{row}: it ended more than 24 hours ago"
    for row in data.rows("notices"):
        is_settled = row.columns["hazard"] in _EFFECTS and row.columns["next_try"] is None
        if is_settled and max(_moments(row, "at", "ends")) < latest:
            yield f"{row}: what it tells of ended more than 24 hours ago"


def _end(row: Row) -> datetime:
    return min(_moments(row, "ends", "absent_since"))


def _moments(row: Row, *columns: str) -> Iterable[datetime]:
    return [datetime.fromisoformat(row.columns[name]) for name in columns if row.columns[name]]


def gatherers(data: Folder) -> Iterator[str]:
    """Yield what could count, search or gather events: views, triggers, indexes of words, statistics."""
    for kind in ("view", "trigger"):
        yield from (f"{kind} {_shown(name)}" for name in data.objects[kind])
    virtual = data.database.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'")
    yield from (f"index of words {_shown(name)}" for (name,) in virtual)
    yield from (f"statistics {name}" for name in data.objects["table"] if name.startswith("sqlite_stat"))


# --- N7 -----------------------------------------------------------------------------------------------------------

_OF_PEOPLE = {
    *("person", "persons", "user", "users", "username", "login", "account", "employee", "worker", "staff", "member"),
    *("email", "mail", "phone", "ip", "agent", "browser", "device", "cookie", "session", "token", "fingerprint"),
    *("viewer", "viewed", "opened", "read", "seen_by", "receipt", "acknowledged", "ignored", "clicked", "visitor"),
}


def keyed_by_people(data: Folder) -> Iterator[str]:
    """Yield the tables and columns that are named after people, their devices, or their reading."""
    for table in data.objects["table"]:
        for name in (table, *data.columns(table)):
            if _OF_PEOPLE & {name.lower(), *re.split(r"[^a-z]+", name.lower())}:
                yield f"{_shown(table)}: {_shown(name)}"
