"""Webhooks against a receiver on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from messages import message
from standardwebhooks import Webhook as Verifier

from feed_server import FeedServer, Reply, redirect, reset, resolve, stalled, status, truncated
from tocsin import egress
from tocsin.channels.contract import Secret
from tocsin.channels.webhook import MAX_ANSWER, Webhook, WebhookSettings
from tocsin.errors import ConfigError, DeliveryError

NOW = datetime(2021, 12, 10, 23, 0, tzinfo=UTC)
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", KEY)


def send(
    url: str, *, now: datetime = NOW, notice: str = "n-1", names: egress.Resolve = resolve, **options: Any
) -> None:
    settings = WebhookSettings(
        url=url, secret=Secret("env:HOOK_KEY", "secret"), allow_private=options.pop("allow_private", True)
    )
    body = options.pop("body", {})

    async def once() -> None:
        hook = Webhook(settings, resolve=names, **options)
        try:
            await hook.send(notice, message(json=body), now=now)
        finally:
            await hook.close()

    asyncio.run(once())


def test_webhook_posts_the_notice_as_json() -> None:
    with FeedServer() as server:
        send(server.put("/hook", Reply()), body={"place": "Köln"})
        (request,) = server.requests
    assert (request.method, json.loads(request.body), request.headers["Content-Type"]) == (
        "POST",
        {"place": "Köln"},
        "application/json",
    )


def test_webhook_is_signed_under_the_notices_id() -> None:
    now = datetime.now(UTC)  # the verifier of the package reads the clock
    with FeedServer() as server:
        send(server.put("/hook", Reply()), now=now, body={"a": 1})
        (request,) = server.requests
    assert request.headers["webhook-id"] == "n-1"
    assert Verifier(KEY).verify(request.body, dict(request.headers.items())) == {"a": 1}


@pytest.mark.shared
def test_webhook_signs_as_the_vectors_have_it(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (shared / "vectors" / "webhooks" / "standard_webhooks.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case["case"] == "ok" and case["body"].startswith("{")]
    with FeedServer() as server:
        url = server.put("/hook", Reply())
        for case in cases:
            monkeypatch.setenv("HOOK_KEY", case["secret"])
            now = datetime.fromtimestamp(case["now"], UTC)
            send(url, now=now, notice=case["headers"]["webhook-id"], body=json.loads(case["body"]))
        seen = [(one.body.decode(), one.headers["webhook-signature"]) for one in server.requests]
    assert cases
    assert seen == [(case["body"], case["headers"]["webhook-signature"]) for case in cases]


@pytest.mark.parametrize("code", [200, 201, 202, 204])
def test_webhook_taken(code: int) -> None:
    with FeedServer() as server:
        send(server.put("/hook", Reply(status=code)))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("code", "retry"),
    [
        pytest.param(301, False, id="moved"),
        pytest.param(400, False, id="bad-request"),
        pytest.param(401, False, id="unauthorised"),
        pytest.param(404, False, id="not-found"),
        pytest.param(408, True, id="timeout"),
        pytest.param(425, True, id="too-early"),
        pytest.param(429, True, id="too-many"),
        pytest.param(500, True, id="server-error"),
        pytest.param(503, True, id="unavailable"),
    ],
)
def test_webhook_refused(code: int, retry: bool) -> None:
    with FeedServer() as server, pytest.raises(DeliveryError) as raised:
        send(server.put("/hook", status(code)))
    assert (raised.value.retry, raised.value.gone) == (retry, False)


def test_webhook_gone() -> None:
    with FeedServer() as server, pytest.raises(DeliveryError) as raised:
        send(server.put("/hook", status(410)))
    assert (raised.value.retry, raised.value.gone) == (False, True)


def test_webhook_hands_on_retry_after() -> None:
    with FeedServer() as server, pytest.raises(DeliveryError) as raised:
        send(server.put("/hook", status(429, retry_after="Fri, 10 Dec 2021 23:01:00 GMT")))
    assert raised.value.retry_after_s == 60


def test_webhook_follows_no_redirect() -> None:
    with FeedServer() as server:
        server.put("/new", Reply())
        with pytest.raises(DeliveryError):
            send(server.put("/hook", redirect("/new", 307)))
        assert [request.path for request in server.requests] == ["/hook"]


def test_webhook_error_holds_no_word_of_the_answer() -> None:
    with FeedServer() as server, pytest.raises(DeliveryError) as raised:
        send(server.put("/hook", status(500, body=b"SECRET")))
    assert "SECRET" not in str(raised.value)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Reply(body=bytes(MAX_ANSWER)), id="at-the-limit"),
        pytest.param(Reply(body=bytes(50 * MAX_ANSWER)), id="huge"),
        pytest.param(truncated(bytes(100), at=50), id="truncated"),
        pytest.param(reset(bytes(100)), id="reset"),
    ],
)
def test_webhook_taken_is_taken_whatever_the_answers_body(answer: Reply) -> None:
    with FeedServer() as server:
        send(server.put("/hook", answer))
        assert len(server.requests) == 1


def test_webhook_taken_is_taken_though_the_answers_body_stalls() -> None:
    with FeedServer() as server:
        send(server.put("/hook", stalled(bytes(100), at=50)), drain_s=0.05)
        assert len(server.requests) == 1


def test_webhook_gives_up_on_a_silent_receiver() -> None:
    async def forever(host: str, port: int) -> Sequence[str]:
        assert host, port
        await asyncio.Event().wait()
        return []

    with pytest.raises(DeliveryError, match="no answer within") as raised:
        send("https://hooks.test/", names=forever, total_s=0.05)
    assert raised.value.retry


def test_webhook_says_that_nobody_listens() -> None:
    with FeedServer() as server:
        url = server.url("/hook")
    with pytest.raises(DeliveryError, match="cannot be reached") as raised:
        send(url)
    assert raised.value.retry


def test_webhook_refuses_a_name_that_leads_into_the_network() -> None:
    with pytest.raises(DeliveryError, match="not public") as raised:
        send("https://hooks.test/", allow_private=False)
    assert not raised.value.retry


def test_webhook_tries_again_when_the_name_does_not_resolve() -> None:
    async def nothing(host: str, port: int) -> Sequence[str]:
        raise OSError(host, port)

    with pytest.raises(DeliveryError, match="does not resolve") as raised:
        send("https://hooks.test/", names=nothing)
    assert raised.value.retry


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://hooks.example.org/", id="plain-http"),
        pytest.param("https://10.0.0.1/", id="private"),
        pytest.param("https://169.254.169.254/", id="metadata"),
    ],
)
def test_webhook_settings_refuse_an_address(url: str) -> None:
    with pytest.raises(ConfigError, match="url"):
        WebhookSettings(url=url, secret=Secret("env:HOOK_KEY"))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        pytest.param("whsec_a", "whsec_", id="not-base64"),
        pytest.param("whsec_é", "whsec_", id="not-ascii"),
        pytest.param("whsec_QUJD", "24 bytes", id="three-bytes"),
        pytest.param("whsec_", "24 bytes", id="nothing"),
        pytest.param("", "empty", id="not-set"),
    ],
)
def test_webhook_refuses_a_weak_secret(value: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", value)
    with pytest.raises(ConfigError, match=says) as raised:
        send("https://hooks.example.org/")
    assert raised.value.setting == "secret"


def test_webhook_id_is_fit_for_a_header() -> None:
    with pytest.raises(AssertionError):
        send("https://hooks.test/", notice="n 1\r\nX: y")
