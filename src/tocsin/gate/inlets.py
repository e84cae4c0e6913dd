"""Text that people type: settings, files, notes. It passes the rules that feeds pass, or it is refused as a whole.

Nothing is cut here: who typed it is there and can change it. There are three questions. Does it lead to a person (a
mail address, a telephone number, an account)? Does it speak of a person, or of labour, protest, politics, religion or
journalism? Is it in a language that can be judged at all?

Source: NEUTRALITY 2 and 4.8; docs/gate.md.
"""

from __future__ import annotations

from tocsin.gate import invariants, spans
from tocsin.gate.rules import RULES
from tocsin.gate.sentences import clean, is_of_known_script, is_readable, scrub

IDENTIFIER = "it holds a mail address, a telephone number, an account or the like; leave that out"
TOPIC = "it speaks of a person, or of labour, protest, politics, religion or journalism; say it without"
LANGUAGE = f"it cannot be judged in this language; write it in one of {', '.join(sorted(RULES.languages))}"


def why_not_name(words: str) -> str | None:
    """Return why `words` cannot be the name or address of a place that an operator looks after, or None.

    Only what leads to a person counts: the house of a trade union, a street named after somebody, a church are places.
    """
    found = any(span.kind is spans.Kind.PERSONAL for span in spans.find(clean(words)))
    return IDENTIFIER if found or not invariants.is_sound(words) else None


def why_not_title(words: str) -> str | None:
    """Return why `words` cannot stand in a setting that is shown (a publisher, a licence), or None.

    A setting says no language, so that only its letters tell whether it can be judged.
    """
    if not is_of_known_script(clean(words)):
        return LANGUAGE
    if spans.find(clean(words)) or not invariants.is_sound(words):
        return IDENTIFIER
    return TOPIC if scrub(words).lost else None


def why_not_note(words: str, language: str) -> str | None:
    """Return why `words` in a language (RFC 5646) cannot be kept as a note on an event, or None.

    There are no such notes yet; who adds them calls this before anything is stored.
    """
    return why_not_title(words) if language and is_readable(words, language) else LANGUAGE
