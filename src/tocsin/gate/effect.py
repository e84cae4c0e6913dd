"""What may be kept of an event whose cause is nobody's business: a place, a time, what to do. Nothing leads back.

All such events look alike: one schema, our own words, times to the quarter of an hour, a keyed digest for a name.
The key is the installation's own and an argument here: with it the same message gets the same name again, so that it
is known and can be ended; without it nobody can try which message a name stands for.
Source: NEUTRALITY sections 1 (effect_only), 3 (N4, N5) and 4 (identifiers, geometry and time).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tocsin.gate.codes import TABLES
from tocsin.hazards import HAZARDS
from tocsin.model import Area, Category, Code, Event, Reference, Response, Text, message_name

HAZARD_BY_RESPONSE: Mapping[Response, str] = {
    Response.EVACUATE: "evacuation",
    Response.SHELTER: "shelter",
    Response.AVOID: "avoid-area",
}
"""The effect that a CAP responseType states, worst first; other types state none."""

WITHOUT_CAUSE = (*HAZARD_BY_RESPONSE.values(), *dict.fromkeys(stated.hazard for stated in TABLES.effects.values()))
"""The hazards of events whose cause may be withheld; they are deleted 24 hours after they end (N5)."""

NO_INSTALLATION = bytes(32)
"""The key where there is no installation (`tocsin read`, `tocsin gate`, tests): names are the same everywhere, and
secret from nobody."""

_STEP = timedelta(minutes=15)
_DIGEST = 32  # hexadecimal digits: 128 bits
_SENDER = "withheld"
_LAST = datetime.max.replace(tzinfo=UTC) - _STEP


def hazard_of_response(event: Event, hazard: str | None) -> str | None:
    """Return the slug of the effect that `event` tells people of, by its response or its `hazard`; None for none."""
    told = (slug for response, slug in HAZARD_BY_RESPONSE.items() if response in event.response)
    listed = hazard if hazard in HAZARD_BY_RESPONSE.values() else None
    return next(told, listed)


def effect(event: Event, hazard: str | None, areas: tuple[Area, ...], key: bytes) -> Event:
    """Return `event` with nothing left but what it tells people to do, on `areas`: from when, until when, how bad."""
    return replace(_kept(event, hazard, HAZARDS[hazard].label if hazard else "", key), areas=areas)


def effect_on_traffic(event: Event, name: str, areas: tuple[Area, ...], key: bytes) -> Event:
    """Return `event` with nothing left but the physical effect of a name in `gate_codes.toml`, on `areas`."""
    stated = TABLES.effects[name]
    kept = _kept(event, stated.hazard, stated.label, key)
    return replace(kept, category=(Category.TRANSPORT,), codes=(Code("effect", name),), areas=areas)


def _kept(event: Event, hazard: str | None, label: str, key: bytes) -> Event:
    return Event(
        source=event.source,
        sender=_SENDER,
        identifier=digest(event.source, Reference(event.sender, event.identifier, event.sent), key),
        sent=_floor(event.sent),
        part=event.part,
        status=event.status,
        msg_type=event.msg_type,
        scope=event.scope,
        # All have one sender here, so that what another sender referenced must not come along: it would end his.
        references=tuple(
            withheld(event.source, reference, key) for reference in event.references if reference.sender == event.sender
        ),
        aliases=tuple(
            f"{_SENDER}:{_digest(f'{event.source}|{name}', key)}" for name in (_timeless(event), *event.aliases)
        ),
        is_over=event.is_over or Response.ALL_CLEAR in event.response,
        category=(Category.SAFETY,),
        hazard=hazard,
        urgency=event.urgency,
        severity=event.severity,
        certainty=event.certainty,
        response=tuple(response for response in event.response if response in HAZARD_BY_RESPONSE),
        effective=event.effective and _floor(event.effective),
        onset=event.onset and _floor(event.onset),
        expires=event.expires and _ceiling(event.expires),
        texts=(Text(language="en", event=label, headline=label),) if label else (),
    )


def _timeless(event: Event) -> str:
    return f"{event.sender}|{event.identifier}"


def bare_cancel(event: Event, key: bytes) -> Event:
    """Return a Cancel that names, under the key, what it cancels, and says no more: that may be a dropped message.

    It keeps the second at which it was sent, because what its issuer said after that stands.
    """
    kept = _kept(event, None, "", key)
    return replace(kept, sent=event.sent, category=(), aliases=(), response=(), is_over=False)


def keyed_names(event: Event, key: bytes) -> tuple[str, ...]:
    """Return the names of an event and of what it references, under the key: so a bare Cancel finds them (`keyed`)."""
    own = Reference(event.sender, event.identifier, event.sent)
    references = (one for one in event.references if one.sender == event.sender)
    return tuple(message_name(event.source, withheld(event.source, reference, key)) for reference in (own, *references))


def withheld(source: str, reference: Reference, key: bytes) -> Reference:
    """Return the name that the message of `reference` has where its cause is withheld."""
    return Reference(_SENDER, digest(source, reference, key), _floor(reference.sent))


def digest(source: str, reference: Reference, key: bytes) -> str:
    """Return what stands for a message's identifier: it tells nothing, and without the key nobody can recompute it."""
    return _digest(message_name(source, reference), key)


def _digest(name: str, key: bytes) -> str:
    return hmac.digest(key, name.encode(), "sha256").hex()[:_DIGEST]


def _floor(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)


def _ceiling(at: datetime) -> datetime:
    floor = _floor(at)
    return at if floor == at or at > _LAST else floor + _STEP
