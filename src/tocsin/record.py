"""Model to JSON and back, and model to ledger entry bodies. Pure; keys and times are arguments.

One definition of every noun, in `model`: pydantic reads and writes those classes. What may stand in the ledger is
decided by `ledger.entries`, not here; this module only fills the forms, out of enumerations, counts, days, minutes,
keyed commitments, and hashes of what is public. No function here takes a text or a place into an entry.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from typing import Any, TypeVar

import orjson
import shapely
from pydantic import TypeAdapter, ValidationError
from shapely.geometry.base import BaseGeometry

from tocsin.errors import FormatError
from tocsin.ledger import entries
from tocsin.model import Decision, Event, Item, Notice

T = TypeVar("T")

CHANNEL_CLASSES = entries.CHANNEL_CLASSES
_OTHER = "other"


_adapters: dict[Any, TypeAdapter[Any]] = {}  # one for each noun, made when first needed


def _adapter(noun: type[T]) -> TypeAdapter[T]:
    if noun not in _adapters:
        _adapters[noun] = TypeAdapter(noun)
    return _adapters[noun]


def to_json(value: Any) -> Any:
    """Return a noun as plain JSON types: times in ISO 8601 with offset, geometries as GeoJSON, an infinite distance
    as null.
    """
    return _adapter(type(value)).dump_python(value, mode="json")


def from_json(noun: type[T], value: Any) -> T:
    """Return the noun that `to_json` gave `value` for. Raises FormatError naming fields, never what they hold."""
    try:
        return _adapter(noun).validate_python(value)
    except ValidationError as error:
        raise _unreadable(noun, error) from None


def to_text(value: Any) -> str:
    """Return a noun as canonical JSON: equal values give equal texts, on every Python and machine."""
    return json.dumps(to_json(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def from_text(noun: type[T], text: str) -> T:
    """Return the noun that `to_text` wrote. Raises FormatError as `from_json` does."""
    try:
        return _adapter(noun).validate_json(text)
    except ValidationError as error:
        raise _unreadable(noun, error) from None


def _unreadable(noun: type, error: ValidationError) -> FormatError:
    # Positions only: pydantic's own message quotes the input.
    at = ", ".join(sorted({".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False)}))
    return FormatError(f"this is no {noun.__name__}", at=at)


def item_digest(item: Item) -> bytes:
    """Return what a decision on `item` commits to, 32 bytes; equal items give equal ones, wherever they stand.

    It is SHA-256 of what the gate judges, as JSON. Source, sender, times and references are not part of it: a reader
    takes them from the configuration or the clock where a document does not state them, and an auditor who reads the
    document elsewhere and later must come to the same digest. To be turned into a commitment and forgotten, whatever
    the verdict was. Nothing is read back from this JSON: shapes are written in it as WKB.
    """
    content = list(map(_judged, item.events)) or (item.at, item.problems)
    return sha256(orjson.dumps(content, default=_written, option=orjson.OPT_SORT_KEYS)).digest()


_NOT_JUDGED = {"source", "sender", "sent", "references", "keyed", "effective", "onset", "expires"}
_judged = attrgetter(*(field.name for field in fields(Event) if field.name not in _NOT_JUDGED))


def _written(value: Any) -> Any:
    """Return what orjson does not know as what it does: named tuples, other mappings, shapes."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, BaseGeometry):
        return shapely.to_wkb(value, hex=True, byte_order=_LITTLE_ENDIAN)
    raise TypeError("not a noun's part")


_LITTLE_ENDIAN = 1  # whatever the machine's own order is


def commitment(key: bytes, content: bytes) -> bytes:
    """Return HMAC-SHA256(key, content), 32 bytes: noise to whoever has no key, and to all once it is destroyed."""
    return hmac.digest(key, content, "sha256")


def item_key(day_key: bytes, digest: bytes) -> bytes:
    """Return the key of one item on one day, 32 bytes: it opens that item's commitment, and no other."""
    return commitment(day_key, digest)


def item_commitment(key: bytes, digest: bytes, decision: Decision) -> bytes:
    """Return the commitment, under an `item_key`, to what the gate decided on the item with this digest, 32 bytes."""
    content = {
        "digest": digest.hex(),
        "rule": decision.rule,
        "ruleset": decision.ruleset,
        "verdict": decision.verdict.value,
    }
    return commitment(key, orjson.dumps(content))


# --- entry bodies -------------------------------------------------------------------------------------------------


def start_entry(*, release: str, ruleset: str, catalogue: str, now: datetime) -> dict[str, Any]:
    """Return the entry of a start: which program, rules and catalogue. `release` loses its local part ("+...")."""
    return _entry(
        "start", minute=minute_of(now), release=release.partition("+")[0], ruleset=ruleset, catalogue=catalogue
    )


def declaration_entry(*, hash: str, now: datetime) -> dict[str, Any]:  # noqa: A002
    """Return the entry of the text that binds from a start on: the SHA-256 of the declaration of neutrality, in hex.

    Source: NEUTRALITY declaration, N10.
    """
    return _entry("declaration", minute=minute_of(now), hash=hash)


def source_entry(
    *, source: str, url: str, issuer_class: str, is_extension: bool, is_added: bool, now: datetime
) -> dict[str, Any]:
    """Return the entry of a source that is read from now on, or no longer. Id and URL are public, so hashes serve."""
    return _entry(
        "source",
        minute=minute_of(now),
        act="added" if is_added else "removed",
        source=source_number(source),
        url=_hash_of(url),
        issuer_class=issuer_class,
        origin="extension" if is_extension else "catalogue",
    )


def batch_entry(*, source: str, ruleset: str, seen: int, kept: int, items_root: bytes, now: datetime) -> dict[str, Any]:
    """Return the entry of a poll of the source of that id that kept something: of `seen` items read, `kept` events."""
    return _entry(
        "batch",
        minute=minute_of(now),
        source=source_number(source),
        ruleset=ruleset,
        seen=seen,
        kept=kept,
        items_root=items_root.hex(),
    )


def sum_entry(*, hour: datetime, batches: int, seen: int, kept: int, notices: int, items_root: bytes) -> dict[str, Any]:
    """Return the entry that sums up the entries since the last such one; `hour` is the last that is over."""
    return _entry(
        "sum",
        hour=minute_of(hour.replace(minute=0)),
        batches=batches,
        seen=seen,
        kept=kept,
        notices=notices,
        items_root=items_root.hex(),
    )


def event_entry(*, day: date, is_new: bool, commitment: bytes) -> dict[str, Any]:
    """Return the entry of an event that was stored, or stored anew with another body under the same id."""
    act = "new" if is_new else "rewritten"
    return _entry("event", day=day.isoformat(), act=act, commitment=commitment.hex())


def notice_entry(notice: Notice, *, about: int, channel_class: str, commitment: bytes, now: datetime) -> dict[str, Any]:
    """Return the entry of a notice put in the outbox. A class of channel that is not on the list counts as other.

    `about` is the number of the entry of the newest event that it tells of, or of the source that fell silent.
    """
    return _entry(
        "notice",
        minute=minute_of(now),
        notice=notice_number(notice.id),
        reason=notice.reason.value,
        level=int(notice.level),
        about=about,
        channel_class=channel_class if channel_class in CHANNEL_CLASSES else _OTHER,
        places=len(notice.places),
        commitment=commitment.hex(),
    )


def delivery_entry(*, notice: str, state: str, attempts: int, now: datetime) -> dict[str, Any]:
    """Return the entry of a try to send the notice of that id."""
    return _entry("delivery", minute=minute_of(now), notice=notice_number(notice), state=state, attempts=attempts)


def purge_entry(*, events: int, notices: int, now: datetime) -> dict[str, Any]:
    """Return the entry of a removal of what has served its time. One count for events of every sort."""
    return _entry("purge", day=day_of(now).isoformat(), events=events, notices=notices)


def key_destroyed_entry(day: date) -> dict[str, Any]:
    """Return the entry that says that the key of `day` is gone, and with it the meaning of that day's commitments."""
    return _entry("key-destroyed", day=day.isoformat())


def key_rotated_entry(*, old: bytes, new: bytes, now: datetime) -> dict[str, Any]:
    """Return the entry that says that the log is signed by another key; `old` and `new` are the raw public keys."""
    return _entry("key-rotated", minute=minute_of(now), old=sha256(old).hexdigest(), new=sha256(new).hexdigest())


def clock_jump_entry(*, at: datetime, by: timedelta) -> dict[str, Any]:
    """Return the entry that says that this machine's clock has jumped: by how many seconds, ahead or back."""
    direction = "ahead" if by > timedelta(0) else "back"
    return _entry("clock-jump", minute=minute_of(at), direction=direction, seconds=round(abs(by).total_seconds()))


def announce_entry(*, subject: str, hash: str, effective: date, now: datetime) -> dict[str, Any]:  # noqa: A002
    """Return the entry that gives notice of a change: from `effective` on, the subject has the SHA-256 `hash`.

    `subject` is one of `entries.SUBJECTS`. Source: NEUTRALITY declaration, N10.
    """
    return _entry("announce", day=day_of(now).isoformat(), subject=subject, hash=hash, effective=effective.isoformat())


def drill_entry(*, canaries: int, found: int, now: datetime) -> dict[str, Any]:
    """Return the entry of a drill: how many canaries were put in, and how many were found again."""
    return _entry("drill", minute=minute_of(now), canaries=canaries, found=found)


def breach_entry(*, clause: str, is_repaired: bool, now: datetime) -> dict[str, Any]:
    """Return the entry of a breach of a clause ("N3") of the declaration that was found, or is repaired.

    Source: NEUTRALITY declaration, N12.
    """
    return _entry("breach", minute=minute_of(now), clause=clause, act="repaired" if is_repaired else "found")


def _entry(kind: str, **fields: Any) -> dict[str, Any]:
    return {"v": entries.VERSION, "kind": kind, **fields}


def notice_number(notice: str) -> str:
    """Return the SHA-256 of a notice's id in hex, by which whoever received the notice finds it in the ledger."""
    return _hash_of(notice)


def source_number(source: str) -> str:
    """Return the SHA-256 of a source's id in hex, by which the ledger names it."""
    return _hash_of(source)


def _hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def day_of(moment: datetime) -> date:
    """Return the day of a moment in UTC."""
    return moment.astimezone(UTC).date()


def minute_of(moment: datetime) -> str:
    """Return the minute of a moment in UTC: "2021-12-11T02:14Z"."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="minutes") + "Z"
