"""Every exception that Tocsin raises on purpose.

    TocsinError
    ├── ConfigError      a setting is wrong; names the setting
    ├── EgressError      this machine may not, or cannot, connect to an address; `fetch` and the channels pass it on
    ├── FetchError       a feed could not be had; says whether trying again can help
    ├── FormatError      a document is not what its format says; names the position
    ├── StoreError       the database refused
    └── DeliveryError    a channel refused; says whether trying again can help

`ledger` stands alone and has its own `LedgerError`.

An error means that the world is wrong; an AssertionError means that we are. A message says what happened, where,
and what to do next. It never holds a secret and never holds a word of a feed.
"""

from __future__ import annotations


class TocsinError(Exception):
    """The root: whatever Tocsin raises on purpose is one of these."""


class ConfigError(TocsinError):
    """A setting, a places file or a command line is wrong. `setting` names it as the operator wrote it."""

    def __init__(self, message: str, *, setting: str = "") -> None:
        super().__init__(f"{setting}: {message}" if setting else message)
        self.setting = setting


class EgressError(TocsinError):
    """A URL or address is outside the rules, or its name does not resolve. `code` is one word for tables and logs."""

    def __init__(self, message: str, *, code: str, retry: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retry = retry


class FetchError(TocsinError):
    """A feed could not be fetched. `code` is one word for tables and logs; `retry_after_s` is the server's wish."""

    def __init__(self, message: str, *, code: str, retry: bool = True, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry = retry
        self.retry_after_s = retry_after_s


class FormatError(TocsinError):
    """A document, or one item of it, cannot be read. `at` is a position (line, path, index), never content."""

    def __init__(self, message: str, *, at: str = "") -> None:
        super().__init__(f"{message} (at {at})" if at else message)
        self.message = message
        self.at = at


class StoreError(TocsinError):
    """The database cannot be opened, is newer than this program, or refused a write."""


class DeliveryError(TocsinError):
    """A channel did not take a notice. `gone` is true when the receiver says never to try it again (HTTP 410)."""

    def __init__(self, message: str, *, retry: bool, retry_after_s: float | None = None, gone: bool = False) -> None:
        super().__init__(message)
        self.retry = retry
        self.retry_after_s = retry_after_s
        self.gone = gone
