"""The infos of one CAP alert, and which of them say the same in another language.

Infos that say the same of the same area in other languages become one event with several texts; infos that differ in
area, rating, times or codes become events of their own. Where languages of one alert differ in rating or times, the
worse counts: joining may never lower or shorten.

Source: OASIS Common Alerting Protocol 1.2, section 3.2.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any, TypeVar

from tocsin.formats._named import in_order
from tocsin.formats._vtec import Vtec
from tocsin.model import Area, Category, Certainty, Code, Response, Severity, Text, Urgency
from tocsin.values import quick

Choice = TypeVar("Choice", bound=StrEnum)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What one <info> says, before it is joined with its twins in other languages.

    `shapes` holds the texts of its polygons and circles: equal texts are equal areas, whatever the areas are called.
    `texts` is one text, or one for each language that was joined.
    """

    language: str
    texts: tuple[Text, ...]
    category: tuple[Category, ...]
    codes: tuple[Code, ...]
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    response: tuple[Response, ...]
    is_all_clear: bool
    effective: datetime | None
    onset: datetime | None
    expires: datetime | None
    sender_name: str
    web: str
    areas: tuple[Area, ...]
    shapes: frozenset[str]
    vtecs: tuple[Vtec, ...]

    @property
    def geocodes(self) -> frozenset[Code]:
        """Return the codes of all areas."""
        return frozenset(code for area in self.areas for code in area.geocodes)

    @property
    def is_placed(self) -> bool:
        """Return whether anything but words says where."""
        return bool(self.shapes or self.geocodes)

    @property
    def subject(self) -> tuple[object, ...]:
        """Return what is spoken of, in whatever language: shapes, else geocodes, else the number of areas; event codes.

        Only the values of codes count: languages of one alert name one list by its versions (BBK, 2025).
        """
        where = self.shapes or self.geocodes or len(self.areas)
        return (where, frozenset(code.value for code in self.codes), self.vtecs)

    @property
    def rating(self) -> tuple[object, ...]:
        """Return what twins agree in, besides area and codes."""
        return (self.urgency, self.severity, self.certainty, self.onset, self.expires)

    @property
    def named(self) -> tuple[object, ...]:
        """Return what makes this the same said again in one language: event and, without shapes, areas of one name."""
        names = () if self.shapes else tuple(area.description for area in self.areas)
        return (self.language.lower(), self.texts[0].event.casefold(), names)


def agreeing(infos: Sequence[Info]) -> list[list[Info]]:
    """Return the infos in groups that agree in subject and rating.

    Of two in one language only one that says the same again joins; one in a new language joins the first group that
    lacks it, so that two warnings in two languages pair in their order.
    """
    if len(infos) == 1:
        return [list(infos)]
    groups: list[list[Info]] = []
    peers_of: dict[tuple[object, ...], list[tuple[set[str], list[Info]]]] = {}
    said: dict[tuple[object, ...], list[Info]] = {}
    for info in infos:
        language = info.language.lower()
        key = (*info.subject, info.rating)
        again = said.get((*key, *info.named))
        if again is not None:
            again.append(info)
            continue
        peers = peers_of.setdefault(key, [])
        lacking = next((peer for peer in peers if language not in peer[0]), None)
        if lacking is None:
            lacking = (set(), [])
            peers.append(lacking)
            groups.append(lacking[1])
        lacking[0].add(language)
        lacking[1].append(info)
        said[(*key, *info.named)] = lacking[1]
    return groups


def same_in_other_languages(groups: Sequence[list[Info]]) -> list[list[Info]]:
    """Return the groups with those made one that share subject and no language: one alert, rated twice.

    Where neither shape nor code shows that the area is the same, they stay apart: two warnings for one are better
    than one for two.
    """
    if len(groups) == 1:
        return list(groups)
    joined: list[list[Info]] = []
    peers_of: dict[tuple[object, ...], list[tuple[set[str], list[Info]]]] = {}
    for group in groups:
        languages = {info.language.lower() for info in group}
        peers = peers_of.setdefault(group[0].subject if group[0].is_placed else (id(group),), [])
        lacking = next((peer for peer in peers if languages.isdisjoint(peer[0])), None)
        if lacking is None:
            peers.append((languages, group))
            joined.append(group)
        else:
            lacking[0].update(languages)
            lacking[1].extend(group)
    return joined


def merged(twins: Sequence[Info]) -> Info:
    """Return what twins say together. The first counts for names and VTEC, the worse of ratings, the wider of times."""
    first = twins[0]
    if len(twins) == 1:
        return first
    replies = [twin for twin in twins if twin.response]
    onsets = [twin.onset for twin in twins if twin.onset is not None]
    return Info(
        language=first.language,
        texts=_once(twin.texts for twin in twins),
        category=in_order(Category, chain.from_iterable(twin.category for twin in twins)),
        codes=_once(twin.codes for twin in twins),
        urgency=_worst(Urgency, [twin.urgency for twin in twins]),
        severity=_worst(Severity, [twin.severity for twin in twins]),
        certainty=_worst(Certainty, [twin.certainty for twin in twins]),
        response=in_order(Response, chain.from_iterable(twin.response for twin in replies)),
        is_all_clear=bool(replies) and all(twin.is_all_clear for twin in replies),
        effective=min((twin.effective for twin in twins if twin.effective), default=None),
        onset=min(onsets) if len(onsets) == len(twins) else None,  # what states none has begun
        expires=max((twin.expires for twin in twins if twin.expires), default=None),
        sender_name=first.sender_name,
        web=first.web,
        areas=_areas_of(twins),
        shapes=first.shapes,
        vtecs=first.vtecs,
    )


def _once(lists: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(lists)))


def _areas_of(twins: Sequence[Info]) -> tuple[Area, ...]:
    """Return the areas of the first, and those of the others that add a place: not the same in another language."""
    areas = list(twins[0].areas)
    codes = {code for area in areas for code in area.geocodes}
    for twin in twins[1:]:
        for area in twin.areas:
            if not codes.issuperset(area.geocodes):
                codes.update(area.geocodes)
                areas.append(area)
    return tuple(areas)


def _worst(kind: type[Choice], values: Sequence[Choice]) -> Choice:
    """Return the first in the order of CAP's list, which goes from worst to least and ends with Unknown."""
    first = values[0]
    return first if values.count(first) == len(values) else min(values, key=list(kind).index)
