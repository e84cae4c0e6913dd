"""The only way out of this machine over HTTP: check the URL, resolve once, vet every address, connect to a vetted one.

Checking a name and connecting to it later leaves a gap in which the name may change its address (DNS rebinding).
Here the connection is made to the very address that was vetted, while TLS and the Host header keep the name.
Environment variables (proxies, certificate files) are not trusted: a proxy would resolve the name itself, and the
vetting would be of no use. Redirects are never followed here; who wants one asks `check_url` again.

Raises `EgressError`; `fetch` and `channels` say what it means to them.

Source: RFC 6890 and the IANA special-purpose address registries; WHATWG URL, 3.5 ("ends in a number").
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpcore2
import httpx2

from tocsin.errors import EgressError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host name and port to addresses, in the order in which to try them; raises OSError."""

MAX_URL = 2048
MAX_RETRY_AFTER_S = 6 * 3600.0

# Not global by the registries, but called global by some of the Python versions that we run on; plus 6to4 and
# Teredo, which carry an IPv4 address that nobody vets.
_NEVER = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4"),
        *("2001::/23", "2002::/16", "64:ff9b:1::/48", "fec0::/10", "100::/64"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address that is meant
_PRIVATE = tuple(ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
# Inside fc00::/7, yet the instance metadata service of a large cloud.
_METADATA = (IPv6Address("fd00:ec2::254"), IPv6Address("fd20:ce::254"))

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)", re.IGNORECASE)
_QUAD = re.compile(r"(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far requests may go. The public internet always; this machine and the private networks only by name.

    `loopback` and `private` also allow plain http, since a certificate is rarely to be had there. Link-local
    addresses (and with them the metadata services of clouds) are out of reach whatever is set.
    """

    loopback: bool = False
    private: bool = False


PUBLIC = Reach()


def check_url(url: str, *, reach: Reach = PUBLIC) -> httpx2.URL:
    """Return `url` ready for a request, its host in punycode. Raises EgressError with the code "url-refused"."""
    if len(url) > MAX_URL:
        raise EgressError(f"the URL is longer than {MAX_URL} characters", code="url-refused")
    if _FORBIDDEN.search(url):
        raise EgressError("the URL holds a space, a backslash or a control character", code="url-refused")
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        raise EgressError("this is not a URL", code="url-refused") from None
    schemes = {"https", "http"} if reach.loopback or reach.private else {"https"}
    if parsed.scheme not in schemes:
        raise EgressError(f"the URL must begin with {' or '.join(sorted(schemes))}", code="url-refused")
    if parsed.userinfo:
        raise EgressError("the URL holds a user name; credentials belong into settings", code="url-refused")
    if parsed.port is not None and not 0 < parsed.port < 2**16:
        raise EgressError("the URL's port is out of range", code="url-refused")
    _check_host(parsed.raw_host.decode("ascii"), reach)
    return parsed


def _check_host(host: str, reach: Reach) -> None:
    if not host:
        raise EgressError("the URL names no host", code="url-refused")
    last = host.removesuffix(".").rpartition(".")[2]
    if ":" not in host and _NUMBER.fullmatch(last) and not _QUAD.fullmatch(host):
        # "0177.0.0.1", "2130706433" and "0" are addresses to some resolvers and names to others.
        raise EgressError("the host looks like an address, but is not written as one", code="url-refused")
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return
    if not may_reach(address, reach):
        raise EgressError("the URL's address is not a public one", code="address-refused")


def may_reach(address: IPv4Address | IPv6Address, reach: Reach = PUBLIC) -> bool:
    """Return whether a connection to this address is allowed."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        if address.ipv4_mapped is not None:
            return may_reach(address.ipv4_mapped, reach)
        if address in _NAT64:
            return may_reach(IPv4Address(int(address) & 0xFFFFFFFF), reach)
    if address.is_loopback:
        return reach.loopback
    if _within(address, _PRIVATE):
        return reach.private and address not in _METADATA
    return address.is_global and not address.is_multicast and not _within(address, _NEVER)


def _within(address: IPv4Address | IPv6Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of `host` as the operating system knows them, without duplicates, in its order."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Backend(httpcore2.AsyncNetworkBackend):
    """Opens connections for the pool, to vetted addresses only."""

    def __init__(self, reach: Reach, resolve: Resolve) -> None:
        self._reach = reach
        self._resolve = resolve
        self._sockets = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the pool's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._vetted(host, port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("resolving took too long") from None
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = failure or error
        assert failure is not None, "a resolver that finds nothing raises"
        raise failure

    async def _vetted(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise EgressError("the host name does not resolve", code="dns", retry=True) from None
        if not addresses:
            raise EgressError("the host name has no address", code="dns", retry=True)
        # All of them: a name with one public and one private address is how rebinding begins.
        if not all(may_reach(ip_address(address), self._reach) for address in addresses):
            raise EgressError("the host name leads to an address that is not public", code="address-refused")
        return addresses


class Transport(httpx2.AsyncHTTPTransport):
    """HTTP/1.1 over vetted connections; certificates are checked against the operating system's store.

    `tls` replaces that store, `resolve` the operating system's resolver.
    """

    def __init__(self, *, reach: Reach = PUBLIC, resolve: Resolve = resolve, tls: ssl.SSLContext | None = None) -> None:
        tls = tls or httpx2.create_ssl_context(trust_env=False)
        super().__init__(trust_env=False, verify=tls)
        # httpx2 offers no argument for the backend of its pool, so the pool is made here as httpx2 makes it.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30,
            network_backend=_Backend(reach, resolve),
        )


def client(
    *, user_agent: str, reach: Reach = PUBLIC, resolve: Resolve = resolve, tls: ssl.SSLContext | None = None
) -> httpx2.AsyncClient:
    """Return a client that follows no redirect, keeps no cookie and trusts no environment variable.

    Timeouts: 10 s to connect, 30 s between two pieces; a limit for the whole is the caller's.
    """
    made = httpx2.AsyncClient(
        transport=Transport(reach=reach, resolve=resolve, tls=tls),
        headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
        timeout=httpx2.Timeout(30, connect=10),
        follow_redirects=False,
        trust_env=False,
    )
    # A feed must not be able to tell one poll from another.
    made.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return made


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, at most six hours; None where there is no sense in it.

    Source: RFC 9110, 10.2.3 (a number of seconds, or a date).
    """
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(max((at - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)
