"""One look at everything: what the console shows and what `tocsin check` prints, as plain JSON types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tocsin import catalogue, coverage, lifecycle, render, rhythm
from tocsin.geocodes import Exactness
from tocsin.hazards import FAMILIES, HAZARDS
from tocsin.ledger.state import LogState
from tocsin.model import Concern, Event, Evidence, Health, Level, Place, Severity, Source, State, Text
from tocsin.run.reconcile import Desk
from tocsin.store import Jump

MAX_AREAS = 2000  # areas drawn on the map at once, worst first
MAX_EVIDENCE = 50  # events named for one concern, worst and newest first; the others are counted
RECENT_NOTICES = 50
_UNSIGNED = LogState()


def look(desk: Desk, now: datetime) -> dict[str, Any]:
    """Return {at, sources, places} as CONTRACT.md gives it for `tocsin check --json`, and names to show beside it.

    Cost: one pass over the places; concerns are read, not computed.
    """
    areas = desk.situation.areas()
    return {
        "at": _iso(now),
        "sources": [_source(source, desk, areas.get(source.id, {}), now) for source in desk.situation.sources.values()],
        "places": [_place(position, place, desk, now) for position, place in desk.estate],
    }


def overview(
    desk: Desk,
    now: datetime,
    *,
    version: int,
    scenario: str = "",
    jumps: Iterable[Jump] = (),
    log_state: LogState = _UNSIGNED,
) -> dict[str, Any]:
    """Return what the console's page is made of: `look`, and areas, recent notices, clock jumps, the ledger's state."""
    head = desk.store.ledger_head()
    return {
        **look(desk, now),
        "version": version,
        "is_demo": bool(scenario),
        "scenario": scenario,
        "areas": _areas(desk),
        "notices": _notices(desk),
        "ledger": {"size": head.size, "head": head.root.hex(), **log_state.json()},
        "families": dict(FAMILIES),
        "weekly": desk.store.weeks(now),
        "clock_jumps": [{"at": _iso(jump.at), "by_s": round(jump.by.total_seconds())} for jump in jumps],
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _source(source: Source, desk: Desk, areas: Mapping[Exactness, int], now: datetime) -> dict[str, Any]:
    health = desk.healths.get(source.id) or Health(source=source.id)
    silence = coverage.silence(source, health, now, since=desk.started)
    working = silence is None
    return {
        "id": source.id,
        "publisher": source.publisher,
        "attribution": source.attribution,
        "origin": "catalogue" if source.id in catalogue.ENTRIES else "extension",
        "state": "stale" if not working else "failing" if health.failures else "working",
        "as_of": _iso(health.as_of or health.succeeded),
        "succeeded": _iso(health.succeeded),
        "error": health.error,
        "silence": silence.value if silence else "",
        "flags": [{"flag": mark.flag.value, "last": _iso(mark.last), "times": mark.times} for mark in health.marks],
        "notes": _notes(silence, health),
        "rhythm": _rhythm(source, health),
        "families": list(source.families),
        "areas": {how.value: areas.get(how, 0) for how in Exactness},
    }


def _notes(silence: coverage.Silence | None, health: Health) -> list[str]:
    """Return what is wrong with a source, in sentences of ours."""
    notes = [coverage.SILENCES[silence]] if silence else []
    if health.error:
        notes.append(coverage.ERRORS.get(health.error, f"its last poll failed: {health.error}"))
    return notes + [
        f"{coverage.FLAGS[mark.flag]} ({mark.times} times, last {mark.last:%Y-%m-%d %H:%M} UTC)"
        for mark in health.marks
    ]


def _rhythm(source: Source, health: Health) -> dict[str, float | None]:
    """Return the median and the 99th percentile of the feed's gaps, and how long its own time may stand still."""
    median, p99 = rhythm.quantile(health.gaps, 0.5), rhythm.quantile(health.gaps, 0.99)
    spans = {"median_s": median, "p99_s": p99, "patience_s": coverage.patience(source, health)}
    return {name: round(span.total_seconds()) if span else None for name, span in spans.items()}


def _place(position: int, place: Place, desk: Desk, now: datetime) -> dict[str, Any]:
    concerns = sorted(desk.situation.concerns(position).values(), key=_worst_first)
    blind = desk.blindness(place.id)
    watched = [source for source in desk.situation.sources.values() if coverage.covers(source, place)]
    working = [
        health.succeeded
        for source in watched
        if (health := desk.healths.get(source.id)) is not None
        and health.succeeded is not None
        and coverage.is_working(source, health, now, since=desk.started)
    ]
    centre = place.geometry.representative_point()
    return {
        "id": place.id,
        "name": place.name,
        "kind": place.kind,
        "timezone": place.timezone,
        "lon": centre.x,
        "lat": centre.y,
        "headcount": place.headcount,
        "state": _state(concerns, is_blind=blind is not None or not working),
        "level": max((concern.level for concern in concerns), default=Level.CALM).value,
        "quiet_as_of": _iso(min(working, default=None)),
        "watched_by": [source.id for source in watched],
        "blind": list(blind.families) if blind else [],
        "concerns": [_concern(concern, place, desk, now) for concern in concerns],
    }


def _state(concerns: Iterable[Concern], *, is_blind: bool) -> State:
    if any(concern.level > Level.CALM for concern in concerns):
        return State.DANGER
    return State.BLIND if is_blind else State.QUIET


def _worst_first(concern: Concern) -> tuple[int, datetime, str]:
    return (-concern.level, concern.begins, concern.family)


def _concern(concern: Concern, place: Place, desk: Desk, now: datetime) -> dict[str, Any]:
    event = desk.situation.event(concern.evidence[0].event)
    text = _words(event, place)
    named = concern.evidence[:MAX_EVIDENCE]
    events = [found for one in named if (found := desk.situation.event(one.event)) is not None]
    reissues = lifecycle.reissues(events)
    return {
        "family": concern.family,
        "hazard": concern.hazard,
        "label": HAZARDS[concern.hazard].label,
        "level": concern.level.value,
        "people": concern.people.value,
        "buildings": concern.buildings.value,
        "traffic": concern.traffic.value,
        "begins": _iso(concern.begins),
        "ends": _iso(concern.ends),
        "lead_time_s": round(concern.lead_time(now).total_seconds()),
        "is_begun": concern.begins <= now,
        "steps": [
            {"level": one.level.value, "begins": _iso(one.begins), "ends": _iso(one.ends)} for one in concern.steps
        ],
        "relation": concern.relation.value,
        "distance_m": None if concern.distance_m == float("inf") else round(concern.distance_m),
        "headline": text.headline or text.event,
        "instruction": text.instruction,
        "sender_name": event.sender_name if event else "",
        "web": event.web if event else "",
        "evidence": [_evidence(one, reissues.get(one.event), desk, now) for one in named],
        "evidence_total": len(concern.evidence),
    }


def _evidence(one: Evidence, reissue_of: str | None, desk: Desk, now: datetime) -> dict[str, Any]:
    """Return one event that says so, with the issuer's own rating and times, and what is doubtful about it."""
    event, first = desk.situation.event(one.event), desk.situation.event(reissue_of or "")
    return {
        "source": one.source,
        "identifier": one.identifier,
        "sent": _iso(one.sent),
        "severity": one.severity.value,
        "urgency": one.urgency.value,
        "certainty": one.certainty.value,
        "area_exact": one.area_exact,
        "happening": one.happening,
        "onset": _iso(event.onset) if event else None,
        "expires": _iso(event.expires) if event else None,
        "no_longer_listed_since": _iso(desk.situation.unlisted_since(one.event)),
        "not_confirmed_since": _iso(_not_confirmed_since(one.source, desk, now)),
        "reissue_of": first.identifier if first else "",
    }


def _not_confirmed_since(source: str, desk: Desk, now: datetime) -> datetime | None:
    """Return when a source was heard last, if it is silent or its last poll failed: what it said may have changed."""
    known, health = desk.situation.sources.get(source), desk.healths.get(source)
    if known is None or health is None:
        return None
    silence = coverage.silence(known, health, now, since=desk.started)
    if silence is coverage.Silence.FROZEN:
        return health.as_of
    return health.succeeded if silence or health.failures else None


def _words(event: Event | None, place: Place) -> Text:
    """Return the issuer's text in the place's first language that it has, else its first, else none."""
    texts = event.texts if event else ()
    for language in place.languages:
        for text in texts:
            if text.language.split("-")[0].lower() == language.split("-")[0].lower():
                return text
    return texts[0] if texts else Text()


_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}  # CAP lists them worst first


def _areas(desk: Desk) -> list[dict[str, Any]]:
    levels = _levels_of_events(desk)
    events = sorted(
        desk.situation.events.values(),
        key=lambda event: (-levels.get(event.id, Level.CALM), _SEVERITIES[event.severity], event.id),
    )
    drawn = []
    for event in events:
        for number, area in enumerate(event.areas):
            if area.geometry is None or event.hazard is None:
                continue
            text = event.texts[0] if event.texts else Text()
            drawn.append(
                {
                    "id": f"{event.id}/{number}",
                    "hazard": event.hazard,
                    "label": HAZARDS[event.hazard].label,
                    "family": HAZARDS[event.hazard].family,
                    "level": levels.get(event.id, Level.CALM).value,
                    "severity": event.severity.value,
                    "begins": _iso(event.onset or event.effective or event.sent),
                    "ends": _iso(desk.situation.ends(event.id)),
                    "geometry": area.geometry.__geo_interface__,
                    "headline": text.headline or text.event,
                    "sender_name": event.sender_name,
                }
            )
    return drawn[:MAX_AREAS]


def _levels_of_events(desk: Desk) -> Mapping[str, Level]:
    """Return for each event the worst level that it has at any place."""
    worst: dict[str, Level] = {}
    for position, _ in desk.estate:
        for concern in desk.situation.concerns(position).values():
            for one in concern.evidence:
                worst[one.event] = max(worst.get(one.event, Level.CALM), concern.level)
    return worst


def _notices(desk: Desk) -> list[dict[str, Any]]:
    places = {place.id: place for _, place in desk.estate}
    return [
        {
            "id": kept.notice.id,
            "at": _iso(kept.notice.at),
            "channel": kept.notice.channel,
            "reason": kept.notice.reason.value,
            "family": kept.notice.family,
            "level": kept.notice.level.value,
            "places": list(kept.notice.places),
            "subject": render.subject(kept.notice, places),
            "state": kept.state,
        }
        for kept in desk.store.recent_notices(RECENT_NOTICES)
    ]
