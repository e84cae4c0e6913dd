"""A small writer of C2SP tiled logs, for tests and benchmarks. It shares no code with the auditor or with Tocsin."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FIRST_DAY = date(2025, 3, 1)
RULES = "ab" * 32
HASH = "cd" * 32


def sha(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


@dataclass(frozen=True, slots=True)
class Signer:
    """A key made from its name, so that every run signs alike; `kind` 1 signs as a log, 4 as a witness."""

    name: str
    kind: int

    @property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha(self.name.encode()))

    @property
    def material(self) -> bytes:
        return bytes([self.kind]) + self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        return sha(self.name.encode() + b"\n" + self.material)[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self.material).decode()}"

    def line(self, text: str, at_s: int = 0) -> str:
        """Return the signature line for a note's text."""
        if self.kind == 1:
            signature = self.private.sign(text.encode())
        else:
            message = f"cosignature/v1\ntime {at_s}\n{text}"
            signature = at_s.to_bytes(8, "big") + self.private.sign(message.encode())
        return f"— {self.name} {base64.b64encode(self.id + signature).decode()}\n"


LOG = Signer("tocsin.example/site", 1)
COUNCIL, OFFICER = Signer("council.example/w", 4), Signer("officer.example/w", 4)
POLICY = f"""log {LOG.vkey}
witness council {COUNCIL.vkey}
witness officer {OFFICER.vkey}
group both all council officer
quorum both
"""


def root(hashes: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash of leaf hashes, as RFC 6962 section 2.1 defines it."""
    if not hashes:
        return sha(b"")
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha(b"\x01" + root(hashes[:split]) + root(hashes[split:]))


def inclusion(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """Return the inclusion proof of RFC 6962 section 2.1.1."""
    if len(hashes) == 1:
        return []
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if index < split:
        return [*inclusion(index, hashes[:split]), root(hashes[split:])]
    return [*inclusion(index - split, hashes[split:]), root(hashes[:split])]


def growth(old: int, hashes: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """Return the consistency proof of RFC 6962 section 2.1.2."""
    if old == len(hashes):
        return [] if whole else [root(hashes)]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if old <= split:
        return [*growth(old, hashes[:split], whole=whole), root(hashes[split:])]
    return [*growth(old - split, hashes[split:], whole=False), root(hashes[:split])]


def path(level: str, index: int, width: int) -> str:
    """Return the place of a tile or bundle."""
    digits = f"{index:03d}" if index < 1_000 else f"x{index // 1_000:03d}/{index % 1_000:03d}"
    return f"tile/{level}/{digits}" + (f".p/{width}" if width < 256 else "")


def checkpoint(
    hashes: Sequence[bytes], *, witnesses: Sequence[Signer] = (COUNCIL, OFFICER), at_s: int, log: Signer = LOG
) -> str:
    """Return a signed and cosigned checkpoint."""
    text = f"{log.name}\n{len(hashes)}\n{base64.b64encode(root(hashes)).decode()}\n"
    return text + "\n" + log.line(text) + "".join(witness.line(text, at_s) for witness in witnesses)


def write(
    folder: Path,
    entries: Sequence[bytes],
    *,
    at_s: int,
    witnesses: Sequence[Signer] = (COUNCIL, OFFICER),
    log: Signer = LOG,
) -> None:
    """Write a log into `folder`."""
    hashes = [sha(b"\x00" + entry) for entry in entries]
    files = {"checkpoint": checkpoint(hashes, witnesses=witnesses, at_s=at_s, log=log).encode()}
    for start in range(0, len(entries), 256):
        some = entries[start : start + 256]
        files[path("entries", start // 256, len(some))] = b"".join(len(e).to_bytes(2, "big") + e for e in some)
    level = hashes
    for number in range(8):
        for start in range(0, len(level), 256):
            some = level[start : start + 256]
            files[path(str(number), start // 256, len(some))] = b"".join(some)
        level = [root(level[start : start + 256]) for start in range(0, len(level) - 255, 256)]
    for name, raw in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)


def leaf(kind: str, **fields: object) -> bytes:
    """Return an entry in its canonical form."""
    return json.dumps({"kind": kind, "v": 1, **fields}, sort_keys=True, separators=(",", ":")).encode()


SOURCE = sha(b"a source").hex()


def start(day: date) -> bytes:
    return leaf("start", minute=f"{day}T06:00Z", release="0.1.0", ruleset=RULES, catalogue=RULES)


def story(count: int, *, a_day: int = 50, seed: int = 1) -> Iterator[bytes]:
    """Yield the entries of an honest installation that is on for two hours a day, `a_day` entries a day."""
    dice = Random(seed)
    told: list[str] = []
    newest = 0  # the number of the last event's entry
    totals = {"batches": 0, "seen": 0, "kept": 0, "notices": 0}

    def acts(day: date, room: int) -> list[bytes]:
        minute, throw = f"{day}T{6 + dice.randrange(2):02d}:{dice.randrange(60):02d}Z", dice.random()
        if (throw < 0.6 and room > 1) or not newest:
            kept = dice.randrange(1, min(room, 4))
            seen = dice.randrange(kept, 99)
            totals.update(batches=totals["batches"] + 1, seen=totals["seen"] + seen, kept=totals["kept"] + kept)
            root, events = dice.randbytes(32).hex(), [dice.randbytes(32).hex() for _ in range(kept)]
            return [
                leaf("batch", minute=minute, source=SOURCE, ruleset=RULES, seen=seen, kept=kept, items_root=root),
                *(leaf("event", day=str(day), act="new", commitment=commitment) for commitment in events),
            ]
        if throw < 0.8 or not told:
            told.append(dice.randbytes(32).hex())
            totals["notices"] += 1
            return [notice(minute, told[-1], newest, dice.randbytes(32).hex())]
        return [leaf("delivery", minute=minute, notice=told[-1], state="sent", attempts=1)]

    written: list[bytes] = []
    for passed in range(count // a_day + 1):
        day = FIRST_DAY + timedelta(days=passed)
        lines = [start(day)]
        if passed == 0:
            lines.append(added(f"{day}T06:00Z", SOURCE))
        elif passed >= 31:
            lines.append(leaf("key-destroyed", day=str(day - timedelta(days=31))))
        else:
            lines.append(leaf("purge", day=str(day), events=dice.randrange(9), notices=0))
        while len(lines) < a_day - 1:
            lines += acts(day, a_day - 1 - len(lines))
            newest = len(written) + len(lines) - 1 if b'"kind":"event"' in lines[-1] else newest
        lines.append(leaf("sum", hour=f"{day}T07:00Z", items_root=dice.randbytes(32).hex(), **totals))
        totals.update(dict.fromkeys(totals, 0))
        written += lines
    yield from written[:count]


def added(minute: str, source: str, act: str = "added") -> bytes:
    """Return the entry of a source that came, or went."""
    return leaf(
        "source", minute=minute, act=act, source=source, url=HASH, issuer_class="official_hazard", origin="catalogue"
    )


def notice(minute: str, number: str, about: int, commitment: str, reason: str = "first") -> bytes:
    """Return the entry of a notice."""
    return leaf(
        "notice", minute=minute, notice=number, reason=reason, level=2, about=about, channel_class="email",
        places=3, commitment=commitment,
    )  # fmt: skip


def seen_at(count: int, *, a_day: int = 50) -> int:
    """Return a time, in POSIX seconds, a little after the last of so many entries."""
    last = FIRST_DAY + timedelta(days=count // a_day + 1)
    return int(datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp())
