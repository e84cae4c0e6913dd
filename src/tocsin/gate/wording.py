"""An admitted event with its words scrubbed, field by field; our own words where the issuer's may not stay."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from tocsin import hazards
from tocsin.gate import seams, spans
from tocsin.gate.effect import keyed_names
from tocsin.gate.rules import RULES
from tocsin.gate.sentences import Scrubbed, clean, has_topic, is_barred_soon, is_readable, scrub
from tocsin.gate.terms import Term
from tocsin.gate.told import Told
from tocsin.model import Area, Code, Event, Reference, Text

_CODE = re.compile(r"[\w .;:,/()+#-]{1,80}")
_NAME = re.compile(r"[!-~]{1,500}")  # of a message: CAP 1.2, 3.2.1 allows no blanks
_TOKENS = re.compile(r"[\W_]+")
_WORDLESS = re.compile("(?<= )(?:[0-9]{4,}|[0-9a-f]{16,})(?= )")  # counters and digests, which spell no word
_ENCODED = re.compile(r"[A-Za-z0-9+/]{40}")
_HEXADECIMAL = re.compile("[0-9a-fA-F]+")
_HOST = re.compile(r"[\w.-]{1,253}")
_WEB = 2_000  # characters; longer links are tracking, not addresses
_DIGEST = 32
_MOST_WORDS = 6  # of a code
_ANOTHER = "~another"  # no domain has such a name, so nothing is linked
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?")  # RFC 5646, 2.1
_AWARENESS = re.compile(r"[0-9]{1,2}; ?[A-Za-z/ -]{2,30}(?:; ?[A-Za-z]{2,15})?")
_KEPT_SCHEMES = {"awareness_level", "awareness_type"}


def scrubbed(event: Event, hazard: str, named: Sequence[Term], key: bytes, told: Told) -> tuple[Event, bool]:
    """Return `event` of a listed `hazard` as it may be stored, and whether any of its words went.

    `named` are the terms of its texts, read; `key` is the installation's; `told` are the words of its item. What is
    kept is named field by field.
    """
    label = hazards.HAZARDS[hazard].label
    cuts = told.cuts(event)
    readable = [
        (text, term, cuts[at : at + seams.FIELDS])
        for at, text, term in zip(range(1, len(cuts), seams.FIELDS), event.texts, named, strict=False)
        if _is_readable(text, told)
    ]
    texts = [_text(text, term, label, gone, told) for text, term, gone in readable]
    areas = [
        _area(area, told.scrub(area.description, gone))
        for area, gone in zip(event.areas, cuts[1 + seams.FIELDS * len(event.texts) :], strict=True)
    ]
    sender_name = _line(told.scrub(event.sender_name, cuts[0]))
    web = web_of(event.web)
    shown = Event(
        source=event.source,
        sent=event.sent,
        part=event.part,
        status=event.status,
        msg_type=event.msg_type,
        scope=event.scope,
        is_over=event.is_over,
        category=event.category,
        codes=_codes(event.codes),
        hazard=hazard,
        urgency=event.urgency,
        severity=event.severity,
        certainty=event.certainty,
        response=event.response,
        effective=event.effective,
        onset=event.onset,
        expires=event.expires,
        sender_name=sender_name,
        web=web,
        texts=tuple(texts) or (Text(language="en", event=label, headline=label),) * bool(event.texts),
        areas=tuple(areas),
        measures=event.measures,
        # Without mailboxes in any name, and the same done to references, so that links survive.
        sender=sender_of(event.sender),
        identifier=identifier_of(event.identifier),
        references=tuple(_reference(one, event.sender) for one in event.references),
        aliases=tuple(map(identifier_of, event.aliases)),
        keyed=keyed_names(event, key),
    )
    gone = (
        len(texts) < len(event.texts)
        or len(web) < len(event.web)
        or _differ(event.sender_name, sender_name)
        or any(_differ(before.description, after.description) for before, after in zip(event.areas, areas, strict=True))
        or any(_has_lost(before, after) for (before, *_), after in zip(readable, texts, strict=True))
    )
    return shown, gone


def areas_of_effect(event: Event, *, names: bool) -> tuple[Area, ...]:
    """Return the areas of `event` that may stay beside an effect: shapes, codes and, where `names`, roads by name."""
    kept = (_area(area, scrub(area.description)) for area in event.areas)
    return tuple(
        Area(description=area.description if names else "", geometry=area.geometry, geocodes=area.geocodes)
        for area in kept
    )


def names_topic(event: Event, told: Told) -> bool:
    """Return whether any words of `event` name labour, protest, politics, religion or journalism."""
    if told.is_ordinary():
        return False
    return any(has_topic(words) for text in event.texts for words in (text.event, *_said(text))) or any(
        has_topic(area.description) for area in event.areas
    )


def _said(text: Text) -> tuple[str, str, str]:
    return text.headline, text.description, text.instruction


def _reference(reference: Reference, sender: str) -> Reference:
    """Return a reference with no mailbox in it. One to another mailbox of the sender's domain stays one to another."""
    kept, own = sender_of(reference.sender), sender_of(sender)
    is_foreign = kept == own and _mailbox(reference.sender) != _mailbox(sender)
    return Reference(kept + _ANOTHER if is_foreign else kept, identifier_of(reference.identifier), reference.sent)


def _mailbox(sender: str) -> str:
    return clean(sender).rpartition("<")[2].strip(" <>").casefold()


def sender_of(sender: str) -> str:
    """Return what may stay of a sender: of a mailbox only its domain. "w-nws.webmaster@noaa.gov" gives "noaa.gov".

    Not even a few bits of the mailbox: they would tell who of an office was on duty.
    """
    shown = clean(sender).strip()
    host = shown.rpartition("@")[2].strip(" <>")
    return host if "@" in shown and _HOST.fullmatch(host) else identifier_of(shown)


def identifier_of(identifier: str) -> str:
    """Return `identifier`, or a digest of one that is more than a name: words, an address, a telephone number.

    Its own name must stay usable, not readable.
    """
    shown = clean(identifier).strip()
    return shown if not shown or _is_name(shown) else hashlib.sha256(shown.encode()).hexdigest()[:_DIGEST]


def _is_name(shown: str) -> bool:
    """Return whether a machine may have made a name, and it says nothing by the way ("strike-march-17-june")."""
    if not _NAME.fullmatch(shown) or "@" in shown or spans.is_dialled(shown):
        return False
    is_encoded = any(not _HEXADECIMAL.fullmatch(run) for run in _ENCODED.findall(shown))
    return not is_encoded and not _tells(_WORDLESS.sub("0000", f" {_TOKENS.sub(' ', shown).casefold()} "))


_QUIET: set[str] = set()
_MOST_QUIET = 4_096  # what an issuer's names have in common, of some 50 characters


def _tells(words: str) -> bool:
    """Return whether the words of a name say anything. Only those that do not are remembered: the others must go."""
    if words in _QUIET:
        return False
    if is_barred_soon(words.strip()):
        return True
    if len(_QUIET) >= _MOST_QUIET:
        _QUIET.clear()
    _QUIET.add(words)
    return False


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


def _text(text: Text, term: Term, label: str, gone: Sequence[Sequence[int]], told: Told) -> Text:
    term_cut, headline_cut, description_cut, instruction_cut = gone
    return Text(
        language=text.language if _LANGUAGE.fullmatch(text.language) else text.language.partition("-")[0],
        event=term.words if term.hazard else _heading(told.scrub(text.event, term_cut), label),
        headline=_heading(told.scrub(text.headline, headline_cut), label) if text.headline else "",
        description=_body(told.scrub_body(text.description, description_cut)),
        instruction=_body(told.scrub_body(text.instruction, instruction_cut)),
    )


def _heading(found: Scrubbed, label: str) -> str:
    """Return a heading without identifiers; one that speaks of what may not be kept is replaced by our own."""
    return label if found.lost or not found.text else found.text


def _body(found: Scrubbed) -> str:
    """Return what may stay of a body of text; "" when more of its sentences went than stay."""
    return "" if found.lost > found.kept else found.text


def _line(found: Scrubbed) -> str:
    return "" if found.lost else found.text


def _area(area: Area, found: Scrubbed) -> Area:
    description, geocodes = _line(found), _codes(area.geocodes)
    if description == area.description and len(geocodes) == len(area.geocodes):
        return area
    return replace(area, description=description, geocodes=geocodes)


_SOUND: set[Code] = set()
_REMEMBERED = 32_768  # codes of at most 160 characters: 8 MB at most, 3 MB for the zones and counties of a country


def _codes(codes: tuple[Code, ...]) -> tuple[Code, ...]:
    return codes if _SOUND.issuperset(codes) else tuple(filter(_is_code, codes))


def _is_code(code: Code) -> bool:
    """Return whether `code` is one: short, without an address, and no sentence in disguise."""
    if code in _SOUND:
        return True
    sound = (
        all(map(_CODE.fullmatch, code))
        and code.value.count(" ") < _MOST_WORDS
        and _is_plain(code.scheme)
        and (_is_figure(code) or _is_value(code))
    )
    if sound:
        if len(_SOUND) >= _REMEMBERED:
            _SOUND.clear()
        _SOUND.add(code)
    return sound


def _is_figure(code: Code) -> bool:
    """Return whether `code` is a figure of a list of areas ("006037" looks like the number of a telephone)."""
    return code.value.isdecimal() and code.scheme.casefold().startswith(RULES.figure_schemes)


def _is_value(code: Code) -> bool:
    if code.scheme.casefold() in _KEPT_SCHEMES and _AWARENESS.fullmatch(code.value):
        return True
    return _is_plain(code.value)


def _is_plain(words: str) -> bool:
    """Return whether nothing of a code or its scheme had to go, were it a sentence."""
    return not spans.find(words) and not scrub(words).lost


def _is_readable(text: Text, told: Told) -> bool:
    words = f"{text.event}\n{text.headline}\n{text.description}\n{text.instruction}"
    return is_readable(words, text.language, is_clean=told.is_ordinary())


def _has_lost(before: Text, after: Text) -> bool:
    return (
        (before.event != "" and _differ(before.event, after.event))
        or _differ(before.headline, after.headline)
        or _differ(before.description, after.description)
        or _differ(before.instruction, after.instruction)
    )


def _differ(before: str, after: str) -> bool:
    """Return whether more than blanks and what nobody sees went between `before` and `after`."""
    return before != after and _squeezed(before) != _squeezed(after)


def _squeezed(words: str) -> str:
    return "".join(clean(words).split())
