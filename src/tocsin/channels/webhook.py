"""A signed POST to one address, as Standard Webhooks has it.

The body is the notice as JSON; `webhook-id` is the notice's id, so that the receiver knows a repeat by it. The
address is vetted like a feed's, no redirect is followed, and of the answer's body at most 64 kB are read and none
is kept.

Source: Standard Webhooks 1.0.0 (headers, signature, "410 Gone" and retries).
"""

from __future__ import annotations

import asyncio
import json
import ssl
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx2
from standardwebhooks import Webhook as Signer

from tocsin import __version__, egress
from tocsin.channels.contract import Channel, Secret, check_notice_id
from tocsin.errors import ConfigError, DeliveryError, EgressError

if TYPE_CHECKING:
    from tocsin.render import Message

TOTAL_S = 30.0
DRAIN_S = 5.0
MAX_ANSWER = 64 * 1024
MIN_KEY = 24
"""Source: Standard Webhooks, "Signature scheme": between 24 and 64 bytes."""

_TRY_AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """What a webhook needs."""

    url: str = field(repr=False, metadata={"about": "where to POST; https, or http too with allow_private"})
    secret: Secret = field(metadata={"about": 'the signing key, "whsec_" and base64, as "env:NAME" or "file:PATH"'})
    allow_private: bool = field(
        default=False, metadata={"about": "true lets the address lie in your own network or on this machine"}
    )

    def __post_init__(self) -> None:
        try:
            egress.check_url(self.url, reach=self.reach)
        except EgressError as error:
            raise ConfigError(f"url: {error}") from None

    @property
    def reach(self) -> egress.Reach:
        """Return how far this webhook may go."""
        return egress.Reach(loopback=self.allow_private, private=self.allow_private)


class Webhook(Channel):
    """Standard Webhooks to one address."""

    settings_type = WebhookSettings

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        resolve: egress.Resolve = egress.resolve,
        tls: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S,
        drain_s: float = DRAIN_S,
    ) -> None:
        self._url = egress.check_url(settings.url, reach=settings.reach)
        self._signer = _signer(settings.secret)
        self._total_s = total_s
        self._drain_s = drain_s
        self._http = egress.client(user_agent=f"Tocsin/{__version__}", reach=settings.reach, resolve=resolve, tls=tls)

    async def send(self, notice_id: str, message: Message, *, now: datetime) -> None:
        """POST the message. Raises DeliveryError; what the receiver said in words is not looked at."""
        body = json.dumps(message.json, ensure_ascii=False, separators=(",", ":"))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": check_notice_id(notice_id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(notice_id, now, body),
        }
        request = self._http.build_request("POST", self._url, content=body.encode(), headers=headers)
        try:
            async with asyncio.timeout(self._total_s):
                response = await self._http.send(request, stream=True)
        except TimeoutError:
            raise DeliveryError(f"the webhook gave no answer within {self._total_s:g} s", retry=True) from None
        except EgressError as error:
            raise DeliveryError(f"the webhook's address: {error}", retry=error.retry) from None
        except httpx2.HTTPError:
            raise DeliveryError("the webhook cannot be reached, or broke off", retry=True) from None
        await _drain(response, self._drain_s)
        _judge(response, now)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()


def _signer(secret: Secret) -> Signer:
    # Decoded here, because the package skips what is not base64 and takes a key of any length.
    text = secret.reveal().removeprefix("whsec_")
    try:
        key = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise ConfigError('must be "whsec_" followed by base64', setting=secret.setting) from None
    if len(key) < MIN_KEY:
        raise ConfigError(f"must hold at least {MIN_KEY} bytes", setting=secret.setting)
    return Signer(key)


def _judge(response: httpx2.Response, now: datetime) -> None:
    status = response.status_code
    if response.is_success:
        return
    if status == HTTPStatus.GONE:
        raise DeliveryError("the webhook says that it is gone for good (410)", retry=False, gone=True)
    wish = egress.retry_after_s(response.headers.get("Retry-After"), now)
    retry = status in _TRY_AGAIN or response.is_server_error
    raise DeliveryError(f"the webhook answered {status}", retry=retry, retry_after_s=wish)


async def _drain(response: httpx2.Response, drain_s: float) -> None:
    """Read the rest of the answer, so that the receiver can finish and the connection be used again.

    The verdict stands in the status already: an answer that is long, slow or broken off changes nothing.
    """
    read = 0
    with suppress(httpx2.HTTPError, TimeoutError):
        async with asyncio.timeout(drain_s):
            async for piece in response.aiter_raw():
                read += len(piece)
                if read > MAX_ANSWER:
                    break
    with suppress(httpx2.HTTPError):
        await response.aclose()
