"""What an entry may say: a closed schema, and the one way in which it is written.

An entry is a flat JSON object of integers and of strings out of closed sets or fixed grammars (a date, a minute, a
number in hex). There is no field that could hold a sentence, a name, a place or an address, so nothing of that sort
can get in, whoever writes it. A gate decision is no entry of its own: it stands in the side tree (`items`) of a batch,
or of the hour's sum, as {v, day, ruleset, commitment} and nothing else. So the log says neither what was decided, nor
about what, nor of what was not kept from whom, where or at what hour.

Canonical form: keys sorted, no blanks, ASCII. With integers and such strings only this equals RFC 8785.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tocsin.ledger.errors import LedgerError

VERSION = 1
MAX_LEAF = 1024  # bytes; every kind fits in half of it
_MAX_INTEGER = 2**53 - 1  # RFC 7493 (I-JSON), 2.2: larger ones do not survive every reader

DAY = re.compile(r"\d{4}-\d\d-\d\d")
MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ")
HOUR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:00Z")  # the minute in which it begins
HASH = re.compile(r"[0-9a-f]{64}")
NUMBER = re.compile(r"[0-9a-f]{8,64}")
RELEASE = re.compile(r"\d{1,4}(\.\d{1,4}){0,3}((a|b|rc|\.dev|\.post)\d{1,4})?")  # PEP 440, without local parts

REASONS = frozenset(
    {"first", "worse", "sooner", "longer", "instruction", "eased", "ended", "blind", "seeing-again", "reminder"}
)
CHANNEL_CLASSES = frozenset({"email", "webhook", "other"})
DELIVERIES = frozenset({"sent", "failed", "given-up"})
DIRECTIONS = frozenset({"ahead", "back"})
ACTS = frozenset({"new", "rewritten"})
SOURCE_ACTS = frozenset({"added", "removed"})
ISSUER_CLASSES = frozenset(
    {"official_hazard", "official_civil", "official_traffic", "official_transit", "official_events", "unregistered"}
)
ORIGINS = frozenset({"catalogue", "extension"})
SUBJECTS = frozenset({"ruleset", "catalogue", "declaration"})
CLAUSES = frozenset(f"N{number}" for number in range(1, 13))  # of the declaration of neutrality
BREACH_ACTS = frozenset({"found", "repaired"})

Field = type[int] | re.Pattern[str] | frozenset[str]

# kind -> field -> what it may hold: a whole number from 0, a grammar for the whole string, or a closed set of words.
# `v` and `kind` stand in every entry.
KINDS: Mapping[str, Mapping[str, Field]] = {
    "start": {"minute": MINUTE, "release": RELEASE, "ruleset": NUMBER, "catalogue": HASH},
    "declaration": {"minute": MINUTE, "hash": HASH},
    "source": {
        "minute": MINUTE,
        "act": SOURCE_ACTS,
        "source": HASH,
        "url": HASH,
        "issuer_class": ISSUER_CLASSES,
        "origin": ORIGINS,
    },
    "batch": {"minute": MINUTE, "source": HASH, "ruleset": NUMBER, "seen": int, "kept": int, "items_root": HASH},
    "sum": {"hour": HOUR, "batches": int, "seen": int, "kept": int, "notices": int, "items_root": HASH},
    "event": {"day": DAY, "act": ACTS, "commitment": HASH},
    "notice": {
        "minute": MINUTE,
        "notice": NUMBER,
        "reason": REASONS,
        "level": int,
        "about": int,
        "channel_class": CHANNEL_CLASSES,
        "places": int,
        "commitment": HASH,
    },
    "delivery": {"minute": MINUTE, "notice": NUMBER, "state": DELIVERIES, "attempts": int},
    "purge": {"day": DAY, "events": int, "notices": int},
    "key-destroyed": {"day": DAY},
    "key-rotated": {"minute": MINUTE, "old": HASH, "new": HASH},
    "clock-jump": {"minute": MINUTE, "direction": DIRECTIONS, "seconds": int},
    "announce": {"day": DAY, "subject": SUBJECTS, "hash": HASH, "effective": DAY},
    "drill": {"minute": MINUTE, "canaries": int, "found": int},
    "breach": {"minute": MINUTE, "clause": CLAUSES, "act": BREACH_ACTS},
}


def check(body: Mapping[str, Any]) -> None:
    """Raise LedgerError unless `body` is an entry of the closed schema. The error names the field, never its value."""
    if type(body.get("v")) is not int or body["v"] != VERSION:
        raise LedgerError(f"v: this program knows version {VERSION} only")
    fields = KINDS.get(body["kind"]) if isinstance(body.get("kind"), str) else None
    if fields is None:
        raise LedgerError("kind: not one of the closed list")
    if body.keys() != fields.keys() | {"v", "kind"}:
        raise LedgerError(f"{body['kind']}: must hold exactly v, kind, {', '.join(fields)}")
    for name, field in fields.items():
        if not fits(body[name], field):
            raise LedgerError(f"{body['kind']}.{name}: not what the schema allows")


def fits(value: Any, field: Field) -> bool:
    """Return whether `value` is what `field` allows."""
    if isinstance(field, re.Pattern):
        return isinstance(value, str) and value.isascii() and field.fullmatch(value) is not None
    if isinstance(field, frozenset):
        return isinstance(value, str) and value in field
    return type(value) is int and 0 <= value <= _MAX_INTEGER


def leaf(body: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of an entry. Raises LedgerError when it is outside the closed schema."""
    check(body)
    return canonical(body)


def canonical(body: Mapping[str, Any]) -> bytes:
    """Return the one way in which `body` is written: keys sorted, no blanks, ASCII."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def parse(leaf: bytes) -> dict[str, Any]:
    """Return the entry that these bytes are. Raises LedgerError unless writing it again gives the same bytes."""
    if len(leaf) > MAX_LEAF:
        raise LedgerError(f"a leaf has at most {MAX_LEAF} bytes")
    try:
        body = json.loads(leaf)
    except (ValueError, RecursionError):
        # from None: the chained error would quote what could not be read.
        raise LedgerError("a leaf is not JSON") from None
    if not isinstance(body, dict):
        raise LedgerError("a leaf is not a JSON object")
    check(body)
    if canonical(body) != leaf:
        raise LedgerError(f"{body['kind']}: not in canonical form")
    return body
