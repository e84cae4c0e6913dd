"""Where requests may go: vectors, addresses, and a real connection to what was vetted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest

from feed_server import FeedServer, Reply, redirect, resolve
from tocsin import egress
from tocsin.egress import PUBLIC, Reach, check_url, may_reach
from tocsin.errors import EgressError

HERE = Reach(loopback=True)
LAN = Reach(loopback=True, private=True)
NOW = datetime(2021, 12, 10, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "public", "lan"),
    [
        pytest.param("93.184.216.34", True, True, id="public"),
        pytest.param("2606:2800:220:1::1", True, True, id="public-6"),
        pytest.param("127.0.0.1", False, True, id="loopback"),
        pytest.param("::1", False, True, id="loopback-6"),
        pytest.param("::ffff:127.0.0.1", False, True, id="loopback-mapped"),
        pytest.param("10.0.0.1", False, True, id="private-10"),
        pytest.param("172.16.0.1", False, True, id="private-172-first"),
        pytest.param("172.31.255.255", False, True, id="private-172-last"),
        pytest.param("172.32.0.0", True, True, id="after-private-172"),
        pytest.param("192.168.1.1", False, True, id="private-192"),
        pytest.param("fd00::1", False, True, id="private-6"),
        pytest.param("169.254.169.254", False, False, id="metadata"),
        pytest.param("fd00:ec2::254", False, False, id="metadata-6"),
        pytest.param("100.100.100.200", False, False, id="metadata-shared-space"),
        pytest.param("fe80::1", False, False, id="link-local"),
        pytest.param("fe80::1%eth0", False, False, id="scoped"),
        pytest.param("0.0.0.0", False, False, id="unspecified"),  # noqa: S104
        pytest.param("::", False, False, id="unspecified-6"),
        pytest.param("198.18.0.1", False, False, id="benchmark"),
        pytest.param("192.0.0.1", False, False, id="ietf"),
        pytest.param("224.0.0.1", False, False, id="multicast"),
        pytest.param("ff0e::1", False, False, id="multicast-6"),
        pytest.param("255.255.255.255", False, False, id="broadcast"),
        pytest.param("2002:7f00:1::", False, False, id="6to4"),
        pytest.param("64:ff9b::7f00:1", False, True, id="nat64-of-loopback"),
        pytest.param("64:ff9b::5db8:d822", True, True, id="nat64-of-public"),
    ],
)
def test_may_reach(address: str, public: bool, lan: bool) -> None:
    assert (may_reach(ip_address(address)), may_reach(ip_address(address), LAN)) == (public, lan)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param("http://example.org/", "url-refused", id="plain-http"),
        pytest.param("https://desk:word@example.org/", "url-refused", id="credentials"),
        pytest.param("https://example.org/a b", "url-refused", id="space"),
        pytest.param("https://example.org/\r\nHost: x", "url-refused", id="line-break"),
        pytest.param("https:///feed", "url-refused", id="no-host"),
        pytest.param("https://example.org:99999/", "url-refused", id="port"),
        pytest.param("https://0x7f.1/", "url-refused", id="hexadecimal-address"),
        pytest.param("https://[::1]/", "address-refused", id="loopback"),
        pytest.param("https://" + "a" * egress.MAX_URL, "url-refused", id="long"),
    ],
)
def test_check_url_refuses(url: str, code: str) -> None:
    with pytest.raises(EgressError) as raised:
        check_url(url)
    assert raised.value.code == code
    assert url not in str(raised.value)


def test_check_url_allows_plain_http_where_private_addresses_are_allowed() -> None:
    assert check_url("http://192.168.1.1/hook", reach=LAN).host == "192.168.1.1"


def test_check_url_writes_a_name_in_punycode() -> None:
    assert check_url("https://bücher.example/").raw_host == b"xn--bcher-kva.example"


ANSWERS = {
    "multi.test.invalid": ["93.184.216.34", "10.0.0.1"],
    "7f000001.example.invalid": ["127.0.0.1"],
}


async def _stub(host: str, port: int) -> Sequence[str]:
    assert port
    return ANSWERS.get(host, ["93.184.216.34"])


def _refused(url: str) -> bool:
    """Say whether a webhook with no special right could not reach `url`."""
    try:
        host = check_url(url).host
        answers = asyncio.run(_stub(host, 443))
    except EgressError:
        return True
    return not all(may_reach(ip_address(answer)) for answer in answers)


@pytest.mark.shared
def test_vectors(shared: Path) -> None:
    lines = (shared / "vectors" / "ssrf" / "urls.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    wrong = [
        case["url"][:80]
        for case in cases
        if "302" not in case["expect"] and _refused(case["url"]) is not case["expect"].startswith("block")
    ]
    assert (wrong, len(cases)) == ([], 31)


@pytest.mark.shared
def test_open_redirects_never_leave_the_host(shared: Path) -> None:
    origin = check_url("https://www.whitelisteddomain.tld/feed")
    for line in (shared / "vectors" / "ssrf" / "patt_open_redirect.txt").read_text(encoding="utf-8").splitlines():
        try:
            target = check_url(str(origin.join(line.strip())))
        except (EgressError, httpx2.InvalidURL, ValueError):
            continue
        assert target.scheme == "https"
        assert not target.userinfo


def _get(url: str, *, reach: Reach = HERE, names: egress.Resolve = resolve) -> httpx2.Response:
    async def ask() -> httpx2.Response:
        async with egress.client(user_agent="Tocsin/0 (+test)", reach=reach, resolve=names) as client:
            return await client.get(url)

    return asyncio.run(ask())


def test_client_connects_to_the_vetted_address_and_keeps_the_name() -> None:
    with FeedServer() as server:
        server.put("/", Reply(body=b"yes"))
        assert _get(server.url("/", host="feeds.test")).content == b"yes"
        assert server.requests[0].headers["Host"] == f"feeds.test:{server.port}"


def test_client_refuses_a_name_that_leads_to_loopback() -> None:
    with pytest.raises(EgressError, match="not public") as raised:
        _get("https://feeds.test/", reach=PUBLIC)
    assert raised.value.code == "address-refused"


def test_client_refuses_a_name_of_which_one_address_is_private() -> None:
    with pytest.raises(EgressError, match="not public"):
        _get("https://multi.test.invalid/", reach=PUBLIC, names=_stub)


def test_client_says_that_a_name_does_not_resolve() -> None:
    async def nothing(host: str, port: int) -> Sequence[str]:
        raise OSError(host, port)

    with pytest.raises(EgressError, match="does not resolve") as raised:
        _get("https://gone.test/", names=nothing)
    assert (raised.value.code, raised.value.retry) == ("dns", True)


def test_client_says_that_a_name_has_no_address() -> None:
    async def none(host: str, port: int) -> Sequence[str]:
        assert host, port
        return []

    with pytest.raises(EgressError, match="no address"):
        _get("https://empty.test/", names=none)


def test_client_tries_the_next_address() -> None:
    async def two(host: str, port: int) -> Sequence[str]:
        return ["127.9.9.9", *await resolve(host, port)]

    with FeedServer() as server:
        server.put("/", Reply(body=b"yes"))
        assert _get(server.url("/", host="feeds.test"), names=two).content == b"yes"


def test_client_gives_a_resolver_no_more_time_than_a_connection() -> None:
    async def forever(host: str, port: int) -> Sequence[str]:
        assert host, port
        await asyncio.Event().wait()
        return []

    async def ask() -> None:
        async with egress.client(user_agent="x", reach=HERE, resolve=forever) as client:
            await client.get("https://slow.test/", timeout=0.01)

    with pytest.raises(httpx2.ConnectTimeout):
        asyncio.run(ask())


def test_client_knows_this_machine_by_the_systems_resolver() -> None:
    assert {"127.0.0.1", "::1"} & set(asyncio.run(egress.resolve("localhost", 80)))


def test_client_keeps_no_cookie() -> None:
    async def ask(url: str) -> None:
        async with egress.client(user_agent="x", reach=HERE, resolve=resolve) as client:
            await client.get(url)
            await client.get(url)

    with FeedServer() as server:
        asyncio.run(ask(server.put("/", Reply(headers={"Set-Cookie": "seen=1"}))))
        assert "Cookie" not in server.requests[1].headers


def test_client_follows_no_redirect() -> None:
    with FeedServer() as server:
        assert _get(server.put("/", redirect("/next"))).status_code == 302


def test_client_trusts_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with FeedServer() as server:
        assert _get(server.put("/", Reply(body=b"yes"))).content == b"yes"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param(None, None, id="absent"),
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 0 ", 0.0, id="zero"),
        pytest.param("Fri, 10 Dec 2021 23:02:00 GMT", 120.0, id="date"),
        pytest.param("Fri, 10 Dec 2021 23:02:00 -0000", 120.0, id="date-without-zone"),
        pytest.param("Fri, 10 Dec 2021 22:00:00 GMT", 0.0, id="past-date"),
        pytest.param("21600", 21600.0, id="six-hours"),
        pytest.param("21601", 21600.0, id="more-than-six-hours"),
        pytest.param("Fri, 10 Dec 2027 22:00:00 GMT", 21600.0, id="years"),
        pytest.param("soon", None, id="words"),
        pytest.param("-1", None, id="negative"),
        pytest.param("1e9", None, id="exponent"),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert egress.retry_after_s(value, NOW) == seconds
