"""Whose word is enough: the log's key, the witnesses, and how many of them must have signed.

    log tocsin.example/log+28fe742d+AXkh9n...
    witness council works-council.example/w1+1a496f27+BJ5TLj... [https://...]
    witness officer dpo.example/w2+ca4f443e+BCI8lZ...
    group both all council officer
    quorum both

A group needs `any`, `all` or a number of its members, which are witnesses or groups named before it, each a member
once; `quorum none` asks for no witness. A line that begins with # is a comment. Count organisations, not keys: two keys
of one organisation belong into a group with `any`. The address of a witness is where its log asks it; who only checks a
log needs none.

Source: C2SP tlog-policy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from tocsin.ledger.errors import FormatError
from tocsin.ledger.note import COSIGNATURE, ED25519, Verifier, parse_vkey

NONE = "none"
_BLANKS = re.compile(r"[ \t]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy file, checked. `groups` maps a name to how many of its members it needs, and who they are.

    `urls` are the addresses of those witnesses that have one, as written.
    """

    logs: tuple[Verifier, ...]
    witnesses: Mapping[str, Verifier] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = NONE

    def is_met(self, signed: Collection[Verifier]) -> bool:
        """Return whether those who signed are enough."""
        return self.quorum == NONE or self._has(self.quorum, signed)

    def _has(self, name: str, signed: Collection[Verifier]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name] in signed
        needed, members = self.groups[name]
        return sum(self._has(member, signed) for member in members) >= needed


def parse(text: str) -> Policy:
    """Return the policy that a file states. Raises FormatError naming the line, for whatever is not clear."""
    found = _Found()
    for number, line in enumerate(text.split("\n"), 1):
        try:
            found.take(_words(line))
        except FormatError as error:
            raise FormatError(f"line {number}: {error}") from None
    if not found.logs or not found.quorum:
        raise FormatError("a policy names at least one log, and a quorum")
    return Policy(
        logs=tuple(found.logs),
        witnesses=found.witnesses,
        urls=found.urls,
        groups=found.groups,
        quorum=found.quorum,
    )


@dataclass(slots=True)
class _Found:
    """What the lines read so far have named."""

    logs: list[Verifier] = field(default_factory=list)
    witnesses: dict[str, Verifier] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = ""

    @property
    def names(self) -> set[str]:
        return {*self.witnesses, *self.groups}

    def take(self, words: list[str]) -> None:
        """Take in the words of one line. Raises FormatError when it is none."""
        match words:
            case []:
                pass
            case ["log", vkey, *urls] if len(urls) <= 1:
                self.logs.append(_key(vkey, ED25519, self.logs))
            case ["witness", name, vkey, *urls] if len(urls) <= 1 and name not in self.names | {NONE}:
                self.witnesses[name] = _key(vkey, COSIGNATURE, self.witnesses.values())
                self.urls.update((name, url) for url in urls)
            case ["group", name, needed, *members] if members and name not in self.names | {NONE}:
                self.groups[name] = _group(needed, members, self.names - self.members)
                self.members.update(members)
            case ["quorum", name] if not self.quorum and name in self.names | {NONE}:
                self.quorum = name
            case _:
                raise FormatError("this is no line of a policy")


def _words(line: str) -> list[str]:
    """Return what stands on a line, nothing for a comment."""
    if _CONTROL.search(line):
        raise FormatError("this holds a control character; lines end with a line feed alone")
    words = [word for word in _BLANKS.split(line) if word]
    return [] if words and words[0].startswith("#") else words


def _key(vkey: str, kind: int, known: Iterable[Verifier]) -> Verifier:
    verifier = parse_vkey(vkey)
    if verifier.kind != kind:
        raise FormatError("the key is of the other type: logs sign, witnesses cosign")
    if any(verifier.key == other.key for other in known):
        raise FormatError("the key stands above already; one key under two names would count twice")
    return verifier


def _group(needed: str, members: list[str], free: set[str]) -> tuple[int, tuple[str, ...]]:
    count = {"any": 1, "all": len(members)}.get(needed, int(needed) if _NUMBER.fullmatch(needed) else 0)
    if not 1 <= count <= len(members) or len(set(members)) < len(members) or not free >= set(members):
        raise FormatError(
            "a group needs any, all or a number of members that are named above it and are in no other group, each once"
        )
    return count, tuple(members)
