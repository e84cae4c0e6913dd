"""Frozen values that are made as fast as open ones.

The constructor that `dataclasses` writes for a frozen class sets every field by way of `object.__setattr__`, which
takes an event with its 23 fields twice as long as all the rest of being made. One alert becomes some twenty values,
so that a tenth of the time of reading and judging it was that.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

T = TypeVar("T")

_set_class = object.__dict__["__class__"].__set__


def quick(cls: type[T]) -> type[T]:
    """Return `cls`, a frozen, slotted dataclass with keywords only, with another constructor of the same signature.

    While that runs, the new object, which nobody else has yet, is of a twin class that has the same slots and is not
    frozen. What it makes is of `cls`, and frozen. A class with `__post_init__` is refused.
    """
    assert not hasattr(cls, "__post_init__"), f"{cls.__name__} looks at itself when it is made"
    shown = fields(cls)  # type: ignore[arg-type]
    twin = type(cls.__name__, (), {"__slots__": tuple(one.name for one in shown)})
    known: dict[str, Any] = {"_cls": cls, "_twin": twin, "_set_class": _set_class, "_missing": MISSING}
    known |= {f"_default_{one.name}": one.default for one in shown}
    known |= {f"_make_{one.name}": one.default_factory for one in shown}
    lines = [
        f"def __init__(self, *, {', '.join(map(_parameter, shown))}):",
        " _set_class(self, _twin)",
        *(f" self.{one.name} = {_value(one)}" for one in shown),
        " self.__class__ = _cls",
    ]
    exec("\n".join(lines), known)  # noqa: S102  as dataclasses does; of names of fields alone
    made = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = cls.__init__.__annotations__
    cls.__init__ = made  # type: ignore[method-assign]
    return cls


def _parameter(one: Field[Any]) -> str:
    if one.default_factory is not MISSING:
        return f"{one.name}=_missing"
    return one.name if one.default is MISSING else f"{one.name}=_default_{one.name}"


def _value(one: Field[Any]) -> str:
    return (
        one.name if one.default_factory is MISSING else f"_make_{one.name}() if {one.name} is _missing else {one.name}"
    )
