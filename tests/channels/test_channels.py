"""The table of channels: settings checked offline, secrets that never show, back-off."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tocsin.channels import CHANNELS, Secret, backoff, check, make
from tocsin.channels.email import Email, EmailSettings
from tocsin.channels.webhook import Webhook, WebhookSettings
from tocsin.config import ChannelConfig
from tocsin.errors import ConfigError

WEBHOOK = {"url": "https://hooks.example.org/tocsin", "secret": "env:HOOK_KEY"}
EMAIL = {"host": "mail.example.org", "sender": "tocsin@example.org", "recipients": ["desk@example.org"]}


def config(kind: str, /, **settings: Any) -> ChannelConfig:
    return ChannelConfig(id="desk", kind=kind, settings=settings)


def test_check_webhook() -> None:
    settings = check(config("webhook", **WEBHOOK))
    assert settings == WebhookSettings(url=WEBHOOK["url"], secret=Secret("env:HOOK_KEY", "channels.desk.secret"))


def test_check_email() -> None:
    settings = check(config("email", **EMAIL, port=2525, security="none"))
    assert settings == EmailSettings(
        host="mail.example.org",
        sender="tocsin@example.org",
        recipients=("desk@example.org",),
        port=2525,
        security="none",
    )


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        pytest.param("webhok", WEBHOOK, "desk.kind: there is no such channel; did you mean webhook", id="kind"),
        pytest.param("pigeon", WEBHOOK, "known are webhook, email", id="kind-unlike-any"),
        pytest.param("webhook", {**WEBHOOK, "ulr": "x"}, "desk.ulr: is not a setting; did you mean url", id="key"),
        pytest.param("webhook", {"url": WEBHOOK["url"]}, "channels.desk.secret: is missing", id="missing"),
        pytest.param("webhook", {**WEBHOOK, "url": 7}, "channels.desk.url: must be text", id="text"),
        pytest.param("webhook", {**WEBHOOK, "url": "http://x.test"}, "channels.desk: url: the URL must", id="url"),
        pytest.param("webhook", {**WEBHOOK, "allow_private": 1}, "must be true or false", id="yes-or-no"),
        pytest.param("webhook", {**WEBHOOK, "secret": "whsec_x"}, 'channels.desk.secret: must be "env:', id="secret"),
        pytest.param("webhook", {**WEBHOOK, "secret": 7}, 'channels.desk.secret: must be "env:', id="secret-number"),
        pytest.param("email", {**EMAIL, "port": True}, "must be a whole number", id="number"),
        pytest.param("email", {**EMAIL, "recipients": "a@b.org"}, "must be a list", id="list"),
        pytest.param("email", {**EMAIL, "recipients": []}, "must be a list", id="nobody"),
        pytest.param("email", {**EMAIL, "recipients": [7]}, "must be a list", id="list-of-numbers"),
        pytest.param("email", {**EMAIL, "recipients": ["A <a@b.org>"]}, "one plain address", id="address"),
        pytest.param("email", {**EMAIL, "sender": "a@b.org\r\nRCPT TO"}, "one plain address", id="injected"),
        pytest.param("email", {**EMAIL, "security": "ssl"}, "starttls, tls, none", id="security"),
        pytest.param("email", {**EMAIL, "user": "u"}, "one needs the other", id="user-alone"),
        pytest.param("email", {**EMAIL, "password": "env:P"}, "one needs the other", id="password-alone"),
        pytest.param(
            "email",
            {**EMAIL, "user": "u", "password": "env:P", "security": "none"},
            "unprotected",
            id="password-in-clear",
        ),
    ],
)
def test_check_refuses(kind: str, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check(config(kind, **settings))
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "settings", "made"),
    [pytest.param("webhook", WEBHOOK, Webhook, id="webhook"), pytest.param("email", EMAIL, Email, id="email")],
)
def test_make(kind: str, settings: dict[str, Any], made: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert type(make(config(kind, **settings))) is made


def test_make_names_the_setting_whose_secret_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"channels\.desk\.secret: env:HOOK_KEY is empty or not set"):
        make(config("webhook", **WEBHOOK))


@pytest.mark.parametrize("kind", CHANNELS)
def test_every_setting_says_what_it_is_about(kind: str) -> None:
    fields = CHANNELS[kind].settings_type.__dataclass_fields__.values()
    assert all(field.metadata["about"] for field in fields)


@pytest.mark.parametrize("kind", CHANNELS)
def test_every_setting_stands_in_the_docs(kind: str) -> None:
    docs = (Path(__file__).parents[2] / "docs" / "channels.md").read_text(encoding="utf-8")
    names = {"id", "kind", "at_least", *CHANNELS[kind].settings_type.__dataclass_fields__}
    assert [name for name in names if f"`{name}`" not in docs] == []


def test_secret_does_not_show() -> None:
    settings = check(config("webhook", **WEBHOOK))
    assert ("hooks.example.org" in repr(settings), "HOOK_KEY" in repr(settings)) == (False, False)


def test_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("  word\n", encoding="utf-8")
    assert Secret(f"file:{tmp_path / 'key'}").reveal() == "word"


@pytest.mark.parametrize(
    "content", [pytest.param(None, id="absent"), pytest.param(b"\xff", id="not-text"), pytest.param(b" \n", id="empty")]
)
def test_secret_from_a_bad_file(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigError):
        Secret(f"file:{tmp_path / 'key'}").reveal()


class Middle(Random):
    """A generator whose every draw is the middle: no jitter."""

    def random(self) -> float:
        return 0.5


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [
        pytest.param(1, 5, id="first"),
        pytest.param(2, 10, id="second"),
        pytest.param(12, 10240, id="before-the-longest"),
        pytest.param(14, 28800, id="longest"),
    ],
)
def test_backoff(attempts: int, seconds: float) -> None:
    assert backoff(attempts, random=Middle()) == timedelta(seconds=seconds)


def test_backoff_gives_up_after_three_days() -> None:
    waits: list[timedelta] = []
    while (wait := backoff(len(waits) + 1, random=Middle())) is not None:
        waits.append(wait)
    assert timedelta(days=2.6) < sum(waits, timedelta()) <= timedelta(days=3)


def test_backoff_of_ever_so_many_attempts() -> None:
    assert backoff(10**9, random=Middle()) is None


def test_backoff_is_spread() -> None:
    waits = [backoff(1, random=Random(seed)) for seed in range(200)]
    seconds = [wait.total_seconds() for wait in waits if wait]
    assert 4 <= min(seconds) < 4.1
    assert 5.9 < max(seconds) <= 6


def test_backoff_before_the_first_attempt_is_our_mistake() -> None:
    with pytest.raises(AssertionError):
        backoff(0, random=Middle())
