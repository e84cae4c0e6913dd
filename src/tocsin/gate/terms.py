"""What an event term names: a listed hazard, somebody who is looked for, or what people organise."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin import hazards
from tocsin.gate.rules import RULES
from tocsin.gate.sentences import clean, is_person_alert, is_topic_term


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """An event term, read. `words` is the term without what nobody sees, `hazard` the slug that it names."""

    words: str
    hazard: str | None
    is_person_alert: bool
    is_topic: bool
    is_protected: bool


_LISTED: dict[str, Term] = {}
_REMEMBERED = 4_096  # terms of at most 200 characters: 3 MB at most


def read(term: str) -> Term:
    """Return what `term` names. Terms of listed hazards are remembered, and no other."""
    known = _LISTED.get(term)
    if known is None:
        known = _read(term)
        if known.hazard and not known.is_person_alert:
            if len(_LISTED) >= _REMEMBERED:
                _LISTED.clear()
            _LISTED[term] = known
    return known


def _read(term: str) -> Term:
    words = clean(term)
    hazard = hazards.hazard_of((), [words])
    return Term(
        words=words.strip(),
        hazard=hazard,
        is_person_alert=is_person_alert(words),
        is_topic=hazard is None and is_topic_term(words),
        is_protected=hazards.fold(words) in RULES.protected_terms,
    )
