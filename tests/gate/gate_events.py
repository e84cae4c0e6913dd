"""Events as the tests of the gate make them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tocsin import gate
from tocsin.model import (
    Event,
    IssuerClass,
    Item,
    Reference,
    Text,
)

SENT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
CORPUS = Path(__file__).parent
EARLIER = Reference("alerts.example.org", "a-0", SENT - timedelta(hours=1))


def event(term: str = "Flood", **fields: Any) -> Event:
    texts = (Text(language="en", event=term, headline=fields.pop("headline", "")),) if term else ()
    given: dict[str, Any] = {"source": "s", "sender": "alerts.example.org", "identifier": "a-1", "sent": SENT}
    given |= {"texts": texts, **fields}
    return Event(**given)


def examine(*events: Event, issuer: IssuerClass = IssuerClass.CIVIL) -> gate.Ruling:
    return gate.examine(Item(at="1", events=events), issuer_class=issuer)


def only(ruling: gate.Ruling) -> Event:
    (admitted,) = ruling.admitted
    return admitted.event
