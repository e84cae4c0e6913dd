"""Polite conditional GET with limits, and when to ask again.

One body at a time, in memory only: what the gate has not seen is on no disk. `fetch` never decides that a feed is
empty; it hands over the bytes or raises, and a page of HTML with status 200 is left to the reader to refuse.

Source: RFC 9110 (HTTP semantics), RFC 9111 (caching), RFC 1952 (gzip).
"""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from random import Random
from types import MappingProxyType
from typing import Self

import httpx2

from tocsin import egress
from tocsin.errors import EgressError, FetchError
from tocsin.model import Health, Link, Source

MAX_BYTES = 64 * 2**20
"""Most that one body may be, packed or unpacked. The largest known feed of a kind we read is 9.4 MB."""

MAX_RATIO = 200
"""Most that a body may grow when unpacked, once it is larger than `RATIO_FROM`."""

RATIO_FROM = 2**20
MAX_REDIRECTS = 3
MAX_BACK_OFF = timedelta(minutes=30)
JITTER = 0.2
FULL_EVERY = 20
"""At least one poll in so many is made without validators, so that a server that says 304 for ever is found out."""

LINKS_PER_POLL = 100
MAX_VALIDATOR = 1000
_CONDITIONS = frozenset({"If-None-Match", "If-Modified-Since"})
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a server answered. `body` is None when nothing has changed (304).

    `etag` and `last_modified` make the next request conditional ("" where the server sent none; after a 304 those
    that were sent). `max_age_s` is how long the server says the answer stays good.
    """

    body: bytes | None
    status: int
    etag: str = ""
    last_modified: str = ""
    retry_after_s: float | None = None
    max_age_s: float | None = None


class Client:
    """Requests to public feeds: one at a time for each host, with a User-Agent that says whom to write to.

    `reach` is wider than the public internet in tests and on a rehearsal server only.
    """

    def __init__(self, http: httpx2.AsyncClient, *, reach: egress.Reach = egress.PUBLIC) -> None:
        self.http = http
        self.reach = reach
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def turn(self, host: str) -> asyncio.Lock:
        """Return the lock that whoever asks `host` holds."""
        return self._turns[host]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()


def client(
    contact: str,
    version: str,
    *,
    reach: egress.Reach = egress.PUBLIC,
    resolve: egress.Resolve = egress.resolve,
    tls: ssl.SSLContext | None = None,
) -> Client:
    """Return a client whose User-Agent is "Tocsin/<version> (+<contact>)". Use it as an async context manager."""
    agent = f"Tocsin/{version} (+{contact})"
    return Client(egress.client(user_agent=agent, reach=reach, resolve=resolve, tls=tls), reach=reach)


async def fetch(
    client: Client,
    url: str,
    *,
    now: datetime,
    etag: str = "",
    last_modified: str = "",
    hosts: Collection[str] = (),
    headers: Mapping[str, str] = _NONE,
    max_bytes: int = MAX_BYTES,
    unpack: bool = True,
    deadline_s: float = 60,
) -> Fetched:
    """Return what `url` holds, or that it has not changed since `etag` and `last_modified`.

    Without `unpack` a body that was packed for its transport is handed over packed: its reader unpacks it in a stream.
    `hosts` are the hosts of the source (`catalogue.hosts`): neither `url`, which may be a link that a feed gave, nor
    a redirect may lead to another one. Without them only the host of `url` itself is allowed. `headers` are sent beside
    the User-Agent. `deadline_s` counts
    from the moment at which the host is ours to ask until the last byte. `now` turns dates in the answer into
    seconds.

    Raises FetchError, whose codes `docs/sources.md` lists.
    """
    conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    sent = {**headers, **{name: value for name, value in conditions.items() if value}}
    target = _checked(client, url)
    allowed = set(hosts) or {target.host}
    if target.host not in allowed:
        raise FetchError("the link leads to a host that is not the source's", code="link-refused", retry=False)
    try:
        async with client.turn(target.host), asyncio.timeout(deadline_s):
            limits = (max_bytes, unpack)
            return await _follow(client, target, sent, allowed=allowed, limits=limits, now=now)
    except TimeoutError:
        raise FetchError(f"no complete answer within {deadline_s:g} s", code="timeout") from None


def validators(health: Health, *, random: Random) -> tuple[str, str]:
    """Return (etag, last_modified) for the next request: those of `health`, or none, to get the whole.

    None now and then, so that many installations do not ask for it at once, and at the latest in one poll of
    `FULL_EVERY` when all the others were answered with "not modified".
    """
    if health.unchanged >= FULL_EVERY - 1 or random.random() * FULL_EVERY < 1:
        return "", ""
    return health.etag, health.last_modified


def due_links(links: Iterable[Link], *, seen: Collection[Link], at_most: int = LINKS_PER_POLL) -> tuple[Link, ...]:
    """Return the links that have not been fetched in this state, in the order of the index, each once."""
    fresh = dict.fromkeys(link for link in links if link not in seen)
    return tuple(fresh)[:at_most]


def next_due(
    source: Source, health: Health, *, now: datetime, random: Random, answer: Fetched | FetchError | None = None
) -> datetime:
    """Return when to ask `source` again. `health` already counts the poll that has just ended with `answer`.

    The interval, within 20 % either way so that sources and installations drift apart; doubled for each failure in a
    row, up to 30 minutes; never before the server's Retry-After, nor before its max-age as far as that leaves three
    polls before the source counts as stale.
    """
    wait = source.interval
    if health.failures:
        doubled = wait * 2 ** min(health.failures, 16)
        wait = max(wait, min(doubled, MAX_BACK_OFF))
    wait *= random.uniform(1 - JITTER, 1 + JITTER)
    if isinstance(answer, Fetched) and answer.max_age_s is not None:
        wait = max(wait, min(timedelta(seconds=answer.max_age_s), max(source.interval, source.stale_after / 3)))
    if answer is not None and answer.retry_after_s is not None:
        wait = max(wait, timedelta(seconds=min(answer.retry_after_s, egress.MAX_RETRY_AFTER_S)))
    return now + wait


def max_age_s(value: str | None) -> float | None:
    """Return the max-age of a Cache-Control header in seconds; 0 for no-cache and no-store. Source: RFC 9111, 5.2.2."""
    directives = [part.strip().lower() for part in (value or "").split(",")]
    if "no-cache" in directives or "no-store" in directives:
        return 0.0
    for directive in directives:
        found = re.fullmatch(r'max-age="?([0-9]{1,9})"?', directive)
        if found:
            return float(found[1])
    return None


# --- one exchange -------------------------------------------------------------------------------------------------


def _checked(client: Client, url: str) -> httpx2.URL:
    if client.reach == egress.PUBLIC and url.startswith("http://"):
        # Some indices still write their links so. Nobody is asked in the clear; whoever has no TLS is not read.
        url = f"https{url.removeprefix('http')}"
    try:
        return egress.check_url(url, reach=client.reach)
    except EgressError as error:
        raise FetchError(str(error), code=error.code, retry=error.retry) from None


async def _follow(
    client: Client,
    target: httpx2.URL,
    headers: dict[str, str],
    *,
    allowed: set[str],
    limits: tuple[int, bool],
    now: datetime,
) -> Fetched:
    for _ in range(MAX_REDIRECTS + 1):
        async with _answer(client, target, headers) as response:
            if not response.has_redirect_location:
                return await _read(response, headers, limits=limits, now=now)
            target = _redirected(client, target, response.headers["Location"], allowed)
    raise FetchError(f"more than {MAX_REDIRECTS} redirects", code="redirect-refused")


def _redirected(client: Client, origin: httpx2.URL, location: str, allowed: set[str]) -> httpx2.URL:
    try:
        target = egress.check_url(str(origin.join(location)), reach=client.reach)
    except (EgressError, httpx2.InvalidURL, ValueError):
        raise FetchError("redirected to an address that is out of bounds", code="redirect-refused") from None
    if origin.scheme == "https" and target.scheme != "https":
        raise FetchError("redirected from https to http", code="redirect-refused")
    if target.host not in allowed and target.host.removeprefix("www.") not in allowed:
        raise FetchError("redirected to a host that is not the source's", code="redirect-refused")
    return target


@asynccontextmanager
async def _answer(client: Client, url: httpx2.URL, headers: dict[str, str]) -> AsyncIterator[httpx2.Response]:
    """Yield the response with its body unread. Whatever goes wrong then or while reading becomes a FetchError.

    Always from None: the libraries' words may quote the server's.
    """
    try:
        async with client.http.stream("GET", url, headers=headers) as response:
            yield response
    except EgressError as error:
        raise FetchError(str(error), code=error.code, retry=error.retry) from None
    except httpx2.TimeoutException:
        raise FetchError("the server did not answer in time", code="timeout") from None
    except httpx2.ConnectError as error:
        if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
            raise FetchError("the server's certificate or its TLS is not good", code="tls") from None
        raise FetchError("the server cannot be reached", code="refused") from None
    except httpx2.ReadError:
        raise FetchError("the connection broke", code="truncated") from None
    except httpx2.RemoteProtocolError:
        raise FetchError("the answer broke off, or is not HTTP", code="truncated") from None
    except httpx2.HTTPError:
        raise FetchError("the request failed", code="protocol") from None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


async def _read(response: httpx2.Response, sent: dict[str, str], *, limits: tuple[int, bool], now: datetime) -> Fetched:
    headers = response.headers
    wish = egress.retry_after_s(headers.get("Retry-After"), now)
    if response.status_code == HTTPStatus.NOT_MODIFIED and _CONDITIONS & sent.keys():
        body = None
    elif response.status_code == HTTPStatus.OK:
        body = await _body(response, *limits)
    else:
        raise FetchError(
            f"the server answered {response.status_code}",
            code=f"http-{response.status_code}",
            retry=response.status_code != HTTPStatus.GONE,
            retry_after_s=wish,
        )
    return Fetched(
        body=body,
        status=response.status_code,
        etag=_validator(headers.get("ETag")) or (sent.get("If-None-Match", "") if body is None else ""),
        last_modified=_validator(headers.get("Last-Modified"))
        or (sent.get("If-Modified-Since", "") if body is None else ""),
        retry_after_s=wish,
        max_age_s=max_age_s(headers.get("Cache-Control")),
    )


def _validator(value: str | None) -> str:
    """Return a validator that can be sent back, or "" where the server's is none: too long, or not ASCII."""
    return value if value and len(value) <= MAX_VALIDATOR and value.isascii() and value.isprintable() else ""


async def _body(response: httpx2.Response, max_bytes: int, is_unpacked: bool) -> bytes:
    """Return the body, unpacked if asked for; stop reading at the first byte too many."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {"identity", "", "gzip", "x-gzip"}:
        raise FetchError("the body is packed in a way that was not asked for", code="encoding")
    unpack = _Gzip(max_bytes) if is_unpacked and coding.endswith("gzip") else None
    parts: list[bytes] = []
    wire = 0
    async for piece in response.aiter_raw():
        wire += len(piece)
        if wire > max_bytes:
            raise _too_big(max_bytes)
        parts.append(unpack.feed(piece) if unpack else piece)
    if unpack:
        unpack.finish()
    return b"".join(parts)


class _Gzip:
    """Unpacks one gzip member within limits. More than one member is refused: half of it would pass for the whole."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._packed = self._plain = 0

    def feed(self, piece: bytes) -> bytes:
        self._packed += len(piece)
        room = min(self._max_bytes, max(RATIO_FROM, self._packed * MAX_RATIO)) - self._plain
        try:
            out = self._member.decompress(piece, room + 1)
        except zlib.error:
            raise FetchError("the packed body is damaged", code="encoding") from None
        self._plain += len(out)
        if len(out) > room:
            raise _too_big(self._max_bytes)
        if self._member.unused_data:
            raise FetchError("there is more after the end of the packed body", code="encoding")
        return out

    def finish(self) -> None:
        if not self._member.eof:
            raise FetchError("the packed body breaks off", code="truncated")


def _too_big(max_bytes: int) -> FetchError:
    return FetchError(f"the body is larger than {max_bytes} bytes, or grows too much unpacked", code="too-big")
