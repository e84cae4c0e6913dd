"""What a check comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105  a word, no secret
    FAIL = "fail"
    NOT_APPLICABLE = "n/a"


class NotApplicableError(Exception):
    """There is nothing to look at; says why, and what would change that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of one check. `faults` holds a sentence for each of at most `SHOWN` of them, `count` is all.

    `why` is the reason when it is not applicable.
    """

    clause: str
    check: str
    outcome: Outcome
    count: int = 0
    faults: tuple[str, ...] = ()
    why: str = ""


SHOWN = 5
