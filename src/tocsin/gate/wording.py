"""An admitted event with its words scrubbed, field by field; our own words where the issuer's may not stay."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from urllib.parse import urlsplit

from tocsin import hazards
from tocsin.gate import spans
from tocsin.gate.sentences import clean, is_readable, scrub
from tocsin.model import Area, Code, Event, Reference, Text

_CODE = re.compile(r"[\w .;:,/()+#-]{1,80}")
_HOST = re.compile(r"[\w.-]{1,253}")
_WEB = 2_000  # characters; longer links are tracking, not addresses
_DIGEST = 32
_KEPT_SCHEMES = {"awareness_level", "awareness_type"}


def scrubbed(event: Event) -> tuple[Event, bool]:
    """Return `event` as it may be stored, and whether any of its words went."""
    assert event.hazard is not None, "only events of listed hazards keep words"
    label = hazards.HAZARDS[event.hazard].label
    named = identified(event)
    texts = [_text(text, label) for text in event.texts if is_readable(_all_words(text), text.language)]
    areas = [_area(area) for area in event.areas]
    sender_name = _line(event.sender_name)
    shown = replace(
        named,
        texts=tuple(texts) or (Text(language="en", event=label, headline=label),) * bool(event.texts),
        areas=tuple(areas),
        sender_name=sender_name,
        web=web_of(event.web),
        codes=tuple(code for code in event.codes if _is_code(code)),
    )
    pairs = zip(
        _words(replace(event, texts=event.texts if len(texts) == len(event.texts) else ())), _words(shown), strict=False
    )
    gone = len(texts) < len(event.texts) or any(_squeezed(before) != _squeezed(after) for before, after in pairs)
    return shown, gone or len(named.web) > len(shown.web)


def identified(event: Event) -> Event:
    """Return `event` with no mailbox in any of its names; the same is done to references, so that links survive."""
    return replace(
        event,
        sender=sender_of(event.sender),
        identifier=identifier_of(event.identifier),
        references=tuple(Reference(sender_of(r.sender), identifier_of(r.identifier), r.sent) for r in event.references),
        aliases=tuple(map(identifier_of, event.aliases)),
    )


def sender_of(sender: str) -> str:
    """Return what may stay of a sender: of a mailbox only its domain. "w-nws.webmaster@noaa.gov" gives "noaa.gov"."""
    shown = clean(sender).strip()
    host = shown.rpartition("@")[2].strip(" <>")
    return (host if _HOST.fullmatch(host) else identifier_of(shown)) if "@" in shown else shown


def identifier_of(identifier: str) -> str:
    """Return `identifier`, or a digest of one that holds an address: its own name must stay usable, not readable."""
    shown = clean(identifier).strip()
    return hashlib.sha256(shown.encode()).hexdigest()[:_DIGEST] if "@" in shown else shown


def web_of(web: str) -> str:
    """Return a link that may be shown: http(s), without user, query, fragment or account; "" for any other."""
    shown = clean(web).strip()
    try:
        parts = urlsplit(shown)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.netloc or len(shown) > _WEB or re.search(r"[?#\s]", shown):
        return ""
    return "" if spans.is_personal_link(shown) else shown


def _text(text: Text, label: str) -> Text:
    listed = hazards.hazard_of((), [clean(text.event)]) is not None
    return Text(
        language=text.language,
        event=clean(text.event).strip() if listed else _heading(text.event, label),
        headline=_heading(text.headline, label) if text.headline else "",
        description=_body(text.description),
        instruction=_body(text.instruction),
    )


def _heading(words: str, label: str) -> str:
    """Return a heading without identifiers; one that speaks of what may not be kept is replaced by our own."""
    result = scrub(words)
    return label if result.lost or not result.text else result.text


def _body(words: str) -> str:
    """Return what may stay of a body of text; "" when more of its sentences went than stay."""
    result = scrub(words)
    return "" if result.lost > result.kept else result.text


def _line(words: str) -> str:
    result = scrub(words)
    return "" if result.lost else result.text


def _area(area: Area) -> Area:
    return replace(
        area, description=_line(area.description), geocodes=tuple(code for code in area.geocodes if _is_code(code))
    )


def _is_code(code: Code) -> bool:
    """Return whether `code` is one: short, without an address, and no sentence in disguise."""
    plain = all(_CODE.fullmatch(part) for part in code)
    return plain and (code.scheme in _KEPT_SCHEMES or not scrub(code.value).lost)


def _all_words(text: Text) -> str:
    return f"{text.event}\n{text.headline}\n{text.description}\n{text.instruction}"


def _words(event: Event) -> list[str]:
    fields = [part for text in event.texts for part in (text.event, text.headline, text.description, text.instruction)]
    return [event.sender_name, *(area.description for area in event.areas), *fields]


def _squeezed(words: str) -> str:
    return "".join(clean(words).split())
