"""Values made quickly are the values that dataclasses would have made."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from tocsin import model
from tocsin.values import quick


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    name: str
    size: int = 3
    measures: Mapping[str, float] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    name: str
    size: int = 3
    measures: Mapping[str, float] = field(default_factory=dict)


def _shown(value: Any) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in fields(value)}


@pytest.mark.parametrize(
    "given", [{"name": "a"}, {"name": "a", "size": 4}, {"name": "b", "measures": {"depth_km": 1.0}}]
)
def test_holds_what_a_plain_one_holds(given: dict[str, Any]) -> None:
    made = Quick(**given)
    assert type(made) is Quick
    assert _shown(made) == _shown(Plain(**given))
    assert repr(made) == repr(Plain(**given)).replace("Plain", "Quick")
    assert made == Quick(**given)


def test_makes_each_value_a_mapping_of_its_own() -> None:
    assert Quick(name="a").measures is not Quick(name="a").measures


def test_is_frozen_as_soon_as_it_is_made() -> None:
    made = Quick(name="a")
    with pytest.raises(FrozenInstanceError):
        made.name = "b"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del made.name


@pytest.mark.parametrize(("given", "word"), [({}, "missing"), ({"name": "a", "nam": "b"}, "unexpected")])
def test_refuses_what_a_plain_one_refuses(given: dict[str, Any], word: str) -> None:
    with pytest.raises(TypeError, match=rf"Quick\.__init__.*{word}"):
        Quick(**given)


def test_is_copied_replaced_and_pickled() -> None:
    made = Quick(name="a", measures={"depth_km": 1.0})
    assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made  # noqa: S301  our own
    assert replace(made, size=4) == Quick(name="a", size=4, measures={"depth_km": 1.0})


def test_shows_the_names_and_types_of_its_fields() -> None:
    plain, made = inspect.signature(Plain), inspect.signature(Quick)
    assert [(one.name, one.kind, one.annotation) for one in made.parameters.values()] == [
        (one.name, one.kind, one.annotation) for one in plain.parameters.values()
    ]


def test_a_class_that_looks_at_itself_when_made_is_refused() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Looking:
        name: str

        def __post_init__(self) -> None:
            """Look."""

    with pytest.raises(AssertionError, match="Looking"):
        quick(Looking)


def test_the_nouns_of_every_alert_are_made_quickly() -> None:
    for noun in (model.Event, model.Text, model.Area, model.Item, model.Problem):
        assert "_set_class" in noun.__init__.__code__.co_names
