"""Checks of what is logged: decisions, keys, counts, changes, witnesses, breaches, drills (N3, N8 to N12).

Each yields a sentence for each fault. Entries are named by their number, counted from 0, as `tocsin ledger show` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tocsin import gate
from tocsin.declaration import DECLARATION
from tocsin.ledger import LedgerError, entries, note, tile
from tocsin.ledger import items as side_trees
from tocsin.ledger.items import ItemLeaf
from tocsin.ledger.policy import parse as parse_policy
from tocsin.ledger.tlog import HASH_SIZE, leaf_hash
from tocsin.neutrality.findings import NotApplicableError
from tocsin.neutrality.folder import Folder

DECIDED = {"n", "day", "ruleset", "commitment", "entry"}
WEEKLY = {"person", "protected", "unmapped", "not-public", "malformed"}
KEYS_KEPT = timedelta(days=31)  # the 30 days, and the day on which the key of the first of them is destroyed


# --- N3 -----------------------------------------------------------------------------------------------------------


def last_drill(data: Folder) -> Iterator[str]:
    """Yield what is wrong with the last drill: it found something, or it was long ago."""
    drills = data.logged("drill")
    if not drills:
        raise NotApplicableError("no drill was made yet; `tocsin neutrality drill` makes one")
    last = drills[-1]
    if last["found"]:
        yield f"the drill of {last['minute']} found {last['found']} of {last['canaries']} test items again"
    if data.now - _moment(last["minute"]) > DECLARATION.drill:
        yield f"the last drill was on {last['minute'][:10]}; make one at least every {DECLARATION.drill.days} days"


# --- N8 -----------------------------------------------------------------------------------------------------------


def same_rules(data: Folder) -> Iterator[str]:
    """Yield that the log's last start names other rules than those of this program."""
    starts = data.logged("start")
    if not starts:
        raise NotApplicableError("the service was never started")
    last = starts[-1]
    if last["ruleset"] != gate.RULESET:
        yield f"the service of {last['minute']} started with the rules {last['ruleset'][:8]}, not {gate.RULESET[:8]}"


# --- N9 -----------------------------------------------------------------------------------------------------------


def leaves(data: Folder) -> Iterator[str]:
    """Yield the entries that say more than the closed schema allows, in the database and in what is published."""
    yield from (f"entry {n}: outside the closed schema" for n, entry in enumerate(data.entries) if not entry)
    for path in sorted((data.path / data.config.ledger / "tile" / "entries").rglob("*")):
        if path.is_file():
            yield from _published(path.read_bytes(), "/".join(path.parts[path.parts.index("tile") :]))


def _published(body: bytes, name: str) -> Iterator[str]:
    width, rest = 0, body
    while rest:
        width, rest = width + 1, rest[2 + int.from_bytes(rest[:2], "big") :]
    try:
        for leaf in tile.entries_of(body, width):
            entries.parse(leaf)
    except LedgerError:
        yield f"{name}: holds what is no entry of the closed schema"


def items(data: Folder) -> Iterator[str]:
    """Yield the side trees that are not those of the log, and the decisions that no leaf of four fields stands for."""
    trees: dict[Any, set[bytes]] = {}
    for row in data.rows("side_trees"):
        raw, n = row.columns["hashes"], row.columns["entry"]
        hashes = [raw[at : at + HASH_SIZE] for at in range(0, len(raw), HASH_SIZE)] if isinstance(raw, bytes) else []
        logged = data.entries[n].get("items_root") if isinstance(n, int) and 0 <= n < len(data.entries) else None
        if len(hashes).bit_count() != 1 or side_trees.root(hashes).hex() != logged:
            yield f"{row}: not the side tree of its entry"
        trees[n] = set(hashes)
    for row in data.rows("decisions"):
        said, n = row.columns, row.columns["entry"]
        try:
            leaf = ItemLeaf(day=said["day"], ruleset=said["ruleset"], commitment=said["commitment"]).leaf
        except (LedgerError, AttributeError):
            yield f"{row}: holds what no leaf may"
            continue
        if n is not None and leaf_hash(leaf) not in trees.get(n, ()):
            yield f"{row}: not in the side tree of its entry"


def counts(data: Folder) -> Iterator[str]:
    """Yield the rows that count what was not kept by anything finer than week and merged reason."""
    if data.columns("weekly") != ["week", "reason", "count"]:
        yield "weekly: its columns are not week, reason and count"
        return
    if set(data.columns("decisions")) != DECIDED:
        yield "decisions: has columns beside day, rule set, commitment and entry, by which they could be counted"
    for row in data.rows("weekly"):
        if not re.fullmatch(r"\d{4}-W[0-5]\d", row.columns["week"]) or row.columns["reason"] not in WEEKLY:
            yield f"{row}: not a week and one of the five merged reasons"


def keys(data: Folder) -> Iterator[str]:
    """Yield the days whose key should be destroyed."""
    oldest = (data.now - KEYS_KEPT).date()
    for row in data.rows("day_keys"):
        if date.fromisoformat(row.columns["day"]) < oldest:
            yield f"{row}: the key of {row.columns['day']} is still there"


# --- N10 ----------------------------------------------------------------------------------------------------------


def notice(data: Folder) -> Iterator[str]:
    """Yield the starts with rules, a catalogue or a declaration that were not announced, or not early enough."""
    if not data.logged("start"):
        raise NotApplicableError("the service was never started")
    held: dict[str, str] = {}
    announced: dict[tuple[str, str], tuple[date, date]] = {}
    broken: set[str] = set()
    for n, entry in enumerate(data.entries):
        match entry.get("kind"):
            case "breach":
                (broken.add if entry["act"] == "found" else broken.discard)(entry["clause"])
            case "announce":
                said = date.fromisoformat(entry["day"])
                period = timedelta(0) if broken else DECLARATION.notice
                effective = max(said + period, date.fromisoformat(entry["effective"]))
                announced.setdefault((entry["subject"], entry["hash"]), (said, effective))
            case "start" | "declaration":
                for subject, hash_ in _brought(entry):
                    if held.setdefault(subject, hash_) != hash_:
                        held[subject] = hash_
                        yield from _early(n, entry, subject, announced.get((subject, hash_)))


def _brought(entry: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a start names: each subject with its hash. The declaration has an entry of its own beside it."""
    if entry["kind"] == "declaration":
        return [("declaration", entry["hash"])]
    return [(subject, entry[subject]) for subject in ("ruleset", "catalogue")]


def _early(n: int, start: dict[str, Any], subject: str, announced: tuple[date, date] | None) -> Iterator[str]:
    if announced is None:
        yield f"entry {n}: the {subject} changed without an announcement"
    elif date.fromisoformat(start["minute"][:10]) < announced[1]:
        yield f"entry {n}: the {subject} announced on {announced[0]} may hold from {announced[1]} on only"


# --- N11 ----------------------------------------------------------------------------------------------------------


def witnessed(data: Folder) -> Iterator[str]:
    """Yield what is wrong with the published checkpoint: not there, not the log's, or not cosigned by the quorum."""
    named = data.config.policy
    if not named:
        raise NotApplicableError("no witness is named; name a policy file as `policy`")
    try:
        policy = parse_policy((data.path / named).read_text(encoding="utf-8"))
        checkpoint = (data.path / data.config.ledger / "checkpoint").read_bytes()
    except (OSError, UnicodeDecodeError):
        yield f"{named} or the published checkpoint is not there"
        return
    except LedgerError as error:
        yield f"{named}: {error}"
        return
    try:
        signed = note.open_note(checkpoint, [*policy.logs, *policy.witnesses.values()]).signatures
    except LedgerError:
        yield "the published checkpoint is signed by nobody whom the policy names"
        return
    if not policy.is_met([one.verifier for one in signed]):
        yield "the published checkpoint is not cosigned by the quorum that the policy asks for"


# --- N12 ----------------------------------------------------------------------------------------------------------


def breaches(data: Folder) -> Iterator[str]:
    """Yield drills that found something and led to no breach, and repairs of what was never found."""
    found: list[datetime] = []
    hits: list[datetime] = []
    broken: set[str] = set()
    for n, entry in enumerate(data.entries):
        if entry.get("kind") == "drill" and entry["found"]:
            hits.append(_moment(entry["minute"]))
        elif entry.get("kind") == "breach" and entry["act"] == "found":
            found.append(_moment(entry["minute"]))
            broken.add(entry["clause"])
        elif entry.get("kind") == "breach":
            if entry["clause"] not in broken:
                yield f"entry {n}: repairs a breach of {entry['clause']} that was not found"
            broken.discard(entry["clause"])
    yield from _collected_meanwhile(data)
    for at in hits:
        until = at + DECLARATION.breach
        if data.now > until and not any(at <= moment <= until for moment in found):
            yield f"the drill of {at:%Y-%m-%d %H:%M} UTC found something, and no breach was entered within 24 hours"


def _collected_meanwhile(data: Folder) -> Iterator[str]:
    """Yield the sources from which something came after they were stopped."""
    heard = {row.columns["source"]: row.columns["succeeded"] for row in data.rows("health")}
    for row in data.rows("stopped"):
        last = heard.get(row.columns["source"])
        if last and datetime.fromisoformat(last) > datetime.fromisoformat(row.columns["since"]) + _IN_HAND:
            yield f"{row}: something was collected after the source was stopped"


_IN_HAND = timedelta(minutes=2)  # what was being read when the breach was entered


def _moment(minute: str) -> datetime:
    return datetime.fromisoformat(re.sub("Z$", "+00:00", minute)).astimezone(UTC)
