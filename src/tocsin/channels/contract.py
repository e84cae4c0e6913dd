"""What every channel has: settings checked offline, secrets that never show, `send`, and when to try again."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints

from tocsin.config import refuse_unknown
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from tocsin.render import Message

_REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)")
_NOTICE_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=8)
GIVE_UP_AFTER = timedelta(days=3)


class Channel(ABC):
    """One way to tell people, made once from its settings. Knows nothing of queues, levels or other channels."""

    settings_type: ClassVar[type[Any]]

    @abstractmethod
    def __init__(self, settings: Any) -> None:
        """Take `settings`, an instance of `settings_type`. Raises ConfigError where a secret cannot be had."""

    @abstractmethod
    async def send(self, notice_id: str, message: Message, *, now: datetime) -> None:
        """Hand `message` over, under `notice_id`, so that a repeat can be known by its id.

        Returning means that the receiver took it. Raises DeliveryError, which says whether trying again can help.
        """

    async def close(self) -> None:  # noqa: B027 - most have nothing to do here
        """Let go of what is held open; a channel that holds nothing open has nothing to do."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by reference: "env:NAME" or "file:PATH". The value is read when it is used, and shown nowhere."""

    reference: str
    setting: str = ""

    def __post_init__(self) -> None:
        if not _REFERENCE.fullmatch(self.reference):
            raise ConfigError(
                'must be "env:NAME" or "file:PATH"; a secret never stands in the file', setting=self.setting
            )

    def __repr__(self) -> str:
        return "<secret>"

    def reveal(self) -> str:
        """Return the value without surrounding white space. Raises ConfigError where there is none."""
        kind, _, name = self.reference.partition(":")
        try:
            value = os.environ.get(name, "") if kind == "env" else Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"the file {name} cannot be read", setting=self.setting) from None
        if not value.strip():
            raise ConfigError(f"{self.reference} is empty or not set", setting=self.setting)
        return value.strip()


def backoff(attempts: int, *, random: Random) -> timedelta | None:
    """Return how long to wait after the n-th failed attempt, or None: give up, for three days have been tried.

    5 s, doubled each time up to 8 h, within 20 % either way so that receivers that died together are not all
    called at once.
    """
    assert attempts > 0, "there is nothing to wait for before the first attempt"
    waits = [min(FIRST_WAIT * 2 ** min(n, 16), LONGEST_WAIT) for n in range(min(attempts, 64))]
    if sum(waits, timedelta()) > GIVE_UP_AFTER:
        return None
    wait: timedelta = waits[-1] * random.uniform(0.8, 1.2)
    return wait


def check_notice_id(notice_id: str) -> str:
    """Return the id as it is. It goes into headers, so anything but letters, digits, "_" and "-" is our own mistake."""
    assert _NOTICE_ID.fullmatch(notice_id), "a notice id must be fit for a header"
    return notice_id


def read_settings(kind: type[Any], table: Mapping[str, Any], *, where: str) -> Any:
    """Return the settings of dataclass `kind` that `table` states.

    A field may be text, a whole number, yes or no, a list of texts, or a Secret. Raises ConfigError naming the
    setting, and never its value.
    """
    hints = get_type_hints(kind)
    refuse_unknown(table, hints, where=where)
    values = {name: _value(hints[name], value, f"{where}{name}") for name, value in table.items()}
    for field in fields(kind):
        if field.name not in values and field.default is MISSING:
            raise ConfigError(f"is missing: {field.metadata['about']}", setting=f"{where}{field.name}")
    return kind(**values)


_WORDS: Mapping[Any, str] = {
    str: "text in quotes",
    int: "a whole number",
    bool: "true or false",
    tuple[str, ...]: "a list of texts in quotes",
}


def _value(hint: Any, value: Any, setting: str) -> Any:
    if hint in {Secret, Secret | None}:
        if not isinstance(value, str):
            raise ConfigError('must be "env:NAME" or "file:PATH"', setting=setting)
        return Secret(value, setting)
    if hint == tuple[str, ...]:
        fits = isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
        value = tuple(value) if fits else value
    else:
        fits = type(value) is hint
    if not fits:
        raise ConfigError(f"must be {_WORDS[hint]}", setting=setting)
    return value
