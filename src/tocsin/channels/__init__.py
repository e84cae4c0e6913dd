"""Ways to tell people. A channel is one file here and one line in `CHANNELS`; docs and checks follow from the table."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from tocsin.channels.contract import Channel, Secret, backoff, read_settings
from tocsin.channels.email import Email
from tocsin.channels.webhook import Webhook
from tocsin.config import ChannelConfig
from tocsin.errors import ConfigError

__all__ = ["CHANNELS", "Channel", "Secret", "backoff", "check", "make"]

CHANNELS: Mapping[str, type[Channel]] = {
    "webhook": Webhook,
    "email": Email,
}


def check(config: ChannelConfig) -> Any:
    """Return the settings of a configured channel, checked without a network, a file or the environment.

    Raises ConfigError naming the setting.
    """
    where = f"channels.{config.id}."
    if config.kind not in CHANNELS:
        near = get_close_matches(config.kind, CHANNELS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(CHANNELS)}"
        raise ConfigError(f"there is no such channel; {hint}", setting=f"{where}kind")
    try:
        return read_settings(CHANNELS[config.kind].settings_type, config.settings, where=where)
    except ConfigError as error:
        if error.setting.startswith(where):
            raise
        raise ConfigError(str(error), setting=where.rstrip(".")) from None


def make(config: ChannelConfig) -> Channel:
    """Return the channel, with its secrets read. Raises ConfigError; to be closed by `Channel.close`."""
    settings = check(config)
    return CHANNELS[config.kind](settings)
