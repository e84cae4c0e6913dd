"""The board's overview as the words and figures that a page shows. Pure: a dictionary in, a dictionary out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from tocsin.model import Level
from tocsin.web.ribbon import axis, lanes
from tocsin.web.times import clock, moment, span, zone, zone_name

SHOWN_AT_MOST = 60
"""Places on one page: what is beyond it is counted, and its worst come first."""

NOTICES_SHOWN = 12
METRES_IN_WORDS = 950.0  # from here on a distance is given in kilometres

# Where blindness stands among the levels when a list is sorted: below what has been said to be prepared for, above
# what one need only be aware of, because nobody knows what it hides.
BLIND_RANK = 2.5

LEVELS = tuple(level for level in sorted(Level, reverse=True) if level)


def situation(board: Mapping[str, Any], *, show: str = "") -> dict[str, Any]:
    """Return everything that overview.html names. `show` is a level's number, "blind" or "quiet", else all."""
    now = moment(board["at"])
    assert now is not None
    home = _home(board["places"])
    sources = {source["id"]: source for source in board["sources"]}
    ranked = sorted(board["places"], key=_rank)
    chosen = [place for place in ranked if _is_shown(place, show)]
    names = {place["id"]: place["name"] for place in board["places"]}
    cards = [_card(place, sources, board["families"], now) for place in chosen[:SHOWN_AT_MOST]]
    return {
        "version": board["version"],
        "at": board["at"],
        "clock": f"{now.astimezone(home):%H:%M} {zone_name(now, home)}",
        "date": f"{now.astimezone(home):%a} {now.astimezone(home).day} {now.astimezone(home):%b %Y}",
        "is_demo": board["is_demo"],
        "scenario": board["scenario"],
        "show": show if show in _choices() else "",
        "status": _status(board["sources"], board.get("clock_jumps", ()), home, now),
        "sources": [_source(source, board["families"], home, now) for source in board["sources"]],
        "ledger": foot(board["ledger"]),
        "tiles": _tiles(board["places"]),
        "total": len(board["places"]),
        "more": max(len(chosen) - SHOWN_AT_MOST, 0),
        "cards": cards,
        "axis": axis(),
        "unplaced": sum(1 for area in board["areas"] if not area["geometry"]),
        "notices": [_notice(notice, names, home, now) for notice in board["notices"][:NOTICES_SHOWN]],
    }


def foot(ledger: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the foot of every page names as `ledger`."""
    return {
        "size": f"{ledger['size']:,}".replace(",", " "),
        "tag": ledger["tag"],
        "words": ledger["words"],
        "is_signed": bool(ledger["signed_size"]),
        "is_conflict": ledger["state"] == "conflict",
        "is_overdue": ledger["is_overdue"],
    }


def _choices() -> set[str]:
    return {str(int(level)) for level in LEVELS} | {"blind", "quiet"}


def _home(places: Iterable[Mapping[str, Any]]) -> tzinfo:
    """Return the zone for times that belong to no place: the one that all places share, else UTC."""
    names = {place["timezone"] for place in places}
    return zone(names.pop()) if len(names) == 1 else UTC


def _rank(place: Mapping[str, Any]) -> tuple[float, str, float, str]:
    """Return what sorts a place: worse, then sooner, then nearer, then by name."""
    concerns = place["concerns"]
    level = float(place["level"])
    if place["state"] == "blind" or place["blind"]:
        level = max(level, BLIND_RANK)
    begins = min((concern["begins"] for concern in concerns), default="~")
    distance_m = min((_metres(concern) for concern in concerns), default=float("inf"))
    return (-level, begins, distance_m, place["name"])


def _metres(concern: Mapping[str, Any]) -> float:
    return float("inf") if concern["distance_m"] is None else float(concern["distance_m"])


def _is_shown(place: Mapping[str, Any], show: str) -> bool:
    if show == "blind":
        return place["state"] == "blind" or bool(place["blind"])
    if show == "quiet":
        return bool(place["state"] == "quiet")
    return show not in _choices() or str(place["level"]) == show


def _tiles(places: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for place in places:
        counts[str(place["level"])] = counts.get(str(place["level"]), 0) + 1
        for state in ("blind", "quiet"):
            counts[state] = counts.get(state, 0) + _is_shown(place, state)
    tiles = [{"show": str(int(level)), "mark": f"level-{int(level)}", "words": level.words} for level in LEVELS]
    tiles.append({"show": "blind", "mark": "blind", "words": "Blind"})
    tiles.append({"show": "quiet", "mark": "level-0", "words": "Quiet"})
    return [{**tile, "count": counts.get(tile["show"], 0)} for tile in tiles]


# --- one place ----------------------------------------------------------------------------------------------------


def _card(
    place: Mapping[str, Any], sources: Mapping[str, Any], families: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    where = zone(place["timezone"])
    concerns = sorted(place["concerns"], key=lambda concern: (-concern["level"], concern["begins"], _metres(concern)))
    quiet = moment(place["quiet_as_of"])
    blind = [families.get(family, family) for family in place["blind"]]
    return {
        "id": place["id"],
        "name": place["name"],
        "kind": place["kind"].replace("_", " "),
        "people": place["headcount"],
        "state": place["state"],
        "level": place["level"],
        "mark": "blind" if place["state"] == "blind" else f"level-{place['level']}",
        "words": "Blind" if place["state"] == "blind" else Level(place["level"]).words,
        "local": f"{clock(now, where, now)} {zone_name(now, where)}",
        "concerns": [_concern(concern, sources, where, now) for concern in concerns],
        "blind": blind,
        "quiet": f"{clock(quiet, where, now)} {zone_name(quiet, where)}" if quiet else "",
        "watched_by": [sources[source]["publisher"] for source in place["watched_by"] if source in sources],
        "lanes": lanes(concerns, blind=blind, where=where, now=now),
    }


def _concern(concern: Mapping[str, Any], sources: Mapping[str, Any], where: tzinfo, now: datetime) -> dict[str, Any]:
    return {
        **{key: concern[key] for key in ("label", "level", "headline", "instruction", "sender_name", "is_begun")},
        "mark": f"level-{concern['level']}",
        "words": Level(concern["level"]).words,
        "when": _when(concern["steps"] or [concern], where, now),
        "where": _where(concern),
        "web": concern["web"] if urlsplit(concern["web"]).scheme in ("http", "https") else "",
        "aspects": [
            {"name": name, "level": concern[name], "words": Level(concern[name]).words}
            for name in ("people", "buildings", "traffic")
        ],
        "evidence": [_evidence(evidence, concern["evidence"], sources, where, now) for evidence in concern["evidence"]],
    }


def _when(steps: Sequence[Mapping[str, Any]], where: tzinfo, now: datetime) -> str:
    """Return from when until when, and where the level changes meanwhile what it changes to."""
    begins, ends = moment(steps[0]["begins"]), moment(steps[0]["ends"])
    assert begins is not None
    if begins <= now:
        start = f"since {clock(begins, where, now)}"
    else:
        start = f"starts in {span(begins - now)} ({clock(begins, where, now)})"
    if ends is None:
        return f"{start} {zone_name(begins, where)}"
    left = f", {span(ends - now)} left" if begins <= now < ends else ""
    then = "".join(_then(before, step, where, now) for before, step in pairwise(steps))
    first = f"{Level(steps[0]['level']).words} " if then else ""
    return f"{first}{start} · until {clock(ends, where, now)} {zone_name(ends, where)}{left}{then}"


def _then(before: Mapping[str, Any], step: Mapping[str, Any], where: tzinfo, now: datetime) -> str:
    begins, ends = moment(step["begins"]), moment(step["ends"])
    assert begins is not None
    again = f"from {clock(begins, where, now)} " if step["begins"] != before["ends"] else ""
    until = f" until {clock(ends, where, now)} {zone_name(ends, where)}" if ends else ""
    return f" · then {again}{Level(step['level']).words}{until}"


def _where(concern: Mapping[str, Any]) -> str:
    relation, metres = concern["relation"], _metres(concern)
    if relation == "inside":
        return "inside the area"
    if relation == "unplaced" or metres == float("inf"):
        return "area not exact"
    far = f"{metres / 1000:.0f} km" if metres >= METRES_IN_WORDS else f"{metres:.0f} m"
    return f"{far} away" if relation == "near" else f"on an approach road, {far} away"


def _evidence(
    evidence: Mapping[str, Any],
    all_evidence: Iterable[Mapping[str, Any]],
    sources: Mapping[str, Any],
    where: tzinfo,
    now: datetime,
) -> dict[str, Any]:
    sent = moment(evidence["sent"])
    assert sent is not None
    others = dict.fromkeys(
        one["source"]
        for one in all_evidence
        if one["happening"] and one["happening"] == evidence["happening"] and one["source"] != evidence["source"]
    )
    return {
        "publisher": _publisher(evidence["source"], sources),
        "also_by": [_publisher(source, sources) for source in others],
        "identifier": evidence["identifier"],
        "sent": f"{clock(sent, where, now)} {zone_name(sent, where)}",
        "rating": " · ".join(evidence[key] for key in ("severity", "urgency", "certainty")),
        "area_exact": evidence["area_exact"],
        "marks": list(_marks(evidence, where, now)),
    }


def _publisher(source: str, sources: Mapping[str, Any]) -> str:
    known = sources.get(source)
    return str(known["publisher"]) if known else source


def _marks(evidence: Mapping[str, Any], where: tzinfo, now: datetime) -> Iterator[str]:
    """Yield what is doubtful about an event that stays in force, in words."""
    for key, words in (("no_longer_listed_since", "no longer listed"), ("not_confirmed_since", "not confirmed")):
        since = moment(evidence.get(key))
        if since:
            yield f"{words} since {clock(since, where, now)} {zone_name(since, where)}"
    if evidence.get("reissue_of"):
        yield f"re-issue of {evidence['reissue_of']}"
    onset, expires = moment(evidence.get("onset")), moment(evidence.get("expires"))
    if onset and expires and expires <= onset:
        times = f"{clock(onset, where, now)} to {clock(expires, where, now)}"
        yield f"the issuer's own times, {times} {zone_name(onset, where)}, end before they begin"


# --- sources and notices ------------------------------------------------------------------------------------------


def _status(
    sources: Iterable[Mapping[str, Any]], jumps: Iterable[Mapping[str, Any]], home: tzinfo, now: datetime
) -> dict[str, Any]:
    """Return the honest line: how many sources work, and each that does not with its last good moment."""
    listed = list(sources)
    working = [source for source in listed if source["state"] == "working"]
    return {
        "is_well": len(working) == len(listed) and bool(listed),
        "working": f"{len(working)} of {len(listed)} {'source' if len(listed) == 1 else 'sources'} working",
        "silent": [_silence(source, home, now) for source in listed if source["state"] != "working"],
        "jumps": [f"this machine's clock jumped by {jump['by_s']} s" for jump in jumps],
    }


def _silence(source: Mapping[str, Any], home: tzinfo, now: datetime) -> str:
    last = moment(source["as_of"] or source["succeeded"])
    if last is None:
        return f"{source['publisher']} has not answered yet"
    return f"{source['publisher']} silent since {clock(last, home, now)} {zone_name(last, home)}"


def _source(source: Mapping[str, Any], families: Mapping[str, str], home: tzinfo, now: datetime) -> dict[str, Any]:
    last = moment(source["succeeded"])
    return {
        **{key: source[key] for key in ("id", "publisher", "attribution", "origin", "state", "error")},
        "is_working": source["state"] == "working",
        "last": f"{clock(last, home, now)} {zone_name(last, home)}" if last else "never",
        "families": [families.get(family, family) for family in source["families"]],
        "notes": [*source.get("notes", ()), *_vague(source["areas"])],
    }


def _vague(areas: Mapping[str, int]) -> list[str]:
    """Return the note of how many areas in force are matched by a wider region than was meant, none for none."""
    count = areas["coarse"] + areas["unknown"]
    return [f"{count} of {sum(areas.values())} areas not exact"] if count else []


REASONS = {
    "first": "new",
    "worse": "worse",
    "sooner": "sooner",
    "longer": "longer",
    "instruction": "new instruction",
    "eased": "eased",
    "ended": "all clear",
    "blind": "blind",
    "seeing-again": "seeing again",
    "reminder": "reminder",
}


def _notice(notice: Mapping[str, Any], names: Mapping[str, str], home: tzinfo, now: datetime) -> dict[str, Any]:
    at = moment(notice["at"])
    assert at is not None
    return {
        **{key: notice[key] for key in ("id", "channel", "subject", "state", "level")},
        "reason": REASONS.get(notice["reason"], notice["reason"]),
        "mark": {"ended": "clear", "blind": "blind"}.get(notice["reason"], f"level-{notice['level']}"),
        "time": f"{clock(at, home, now)} {zone_name(at, home)}",
        "places": [names.get(place, place) for place in notice["places"]],
    }
