"""What feeds of roads have in common: how a place on a road is named, and that works do not go on all the time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tocsin.formats._geojson import MAX_NAME
from tocsin.model import Code, Text

ROAD = "road"
"""The scheme of the number or name of a road, as its authority writes it."""

AT_TIMES = "Not all of that time: at certain hours or days only."
_MOST_NAMES = 12  # of roads, places or lanes in one description


def where(roads: Iterable[str], places: Iterable[str] = (), lanes: Iterable[str] = ()) -> str:
    """Return "A4 Avenue de Paris, Bercy → Charenton, westbound, lane 1": names only, so in no language."""
    parts = [" ".join(few(roads)), " → ".join(few(places)), *few(lanes)]
    return ", ".join(filter(None, parts))[:MAX_NAME]


def few(names: Iterable[str]) -> list[str]:
    """Return the names once each, without empty ones, and no more of them than a reader takes in."""
    return list(dict.fromkeys(filter(None, names)))[:_MOST_NAMES]


def road_codes(roads: Iterable[str]) -> tuple[Code, ...]:
    """Return the names of roads as codes, by which an effect still says where it is when no words may stay."""
    return tuple(Code(ROAD, road) for road in few(roads) if len(road) <= MAX_NAME)


def in_periods(count: int) -> str:
    """Return a sentence of ours that says that something holds in so many periods only; "" for one or none."""
    return f"Not all of that time: in {count} periods." if count > 1 else ""


def text(place: str, words: Sequence[str]) -> tuple[Text, ...]:
    """Return one text in English: where it is, and what is said of it; () where nothing is."""
    said = "\n".join(filter(None, words))
    return (Text(language="en", headline=place, description=said),) if place or said else ()
