"""Polite polling against a server that behaves as feeds do, badly at times."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from certificates import authority, server_context
from feed_server import (
    Answer,
    FeedServer,
    Reply,
    feed,
    gzip_bomb,
    gzipped,
    html,
    multi_member,
    redirect,
    reset,
    resolve,
    stalled,
    status,
    truncated,
)
from tocsin import fetch
from tocsin.egress import Reach
from tocsin.errors import FetchError
from tocsin.fetch import Fetched
from tocsin.model import Health, IssuerClass, Link, Source

NOW = datetime(2021, 12, 10, 23, 0, tzinfo=UTC)
HERE = Reach(loopback=True)
BODY = b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>"
STAMP = "Fri, 10 Dec 2021 22:59:00 GMT"


def ask(url: str, *, reach: Reach = HERE, **options: Any) -> Fetched:
    tls = options.pop("tls", None)
    names = options.pop("names", resolve)

    async def one() -> Fetched:
        async with fetch.client("mailto:desk@example.org", "0.1", reach=reach, resolve=names, tls=tls) as client:
            return await fetch.fetch(client, url, now=NOW, **options)

    return asyncio.run(one())


def answered(*answers: Answer, **options: Any) -> Fetched:
    with FeedServer() as server:
        return ask(server.put("/feed", *answers), **options)


# --- what is asked ------------------------------------------------------------------------------------------------


def test_fetch_says_who_asks() -> None:
    with FeedServer() as server:
        ask(server.put("/feed", feed(BODY)))
        assert server.requests[0].headers["User-Agent"] == "Tocsin/0.1 (+mailto:desk@example.org)"


def test_fetch_returns_body_and_validators() -> None:
    found = answered(feed(BODY, etag='"7"', last_modified=STAMP))
    assert (found.body, found.etag, found.last_modified, found.status) == (BODY, '"7"', STAMP, 200)


def test_fetch_sends_what_the_catalogue_says_the_server_wants() -> None:
    with FeedServer() as server:
        ask(server.put("/feed", feed(BODY)), headers={"Client-Name": "desk"}, etag='"7"')
        assert server.requests[0].headers["Client-Name"] == "desk"
        assert server.requests[0].headers["If-None-Match"] == '"7"'


def test_not_modified_that_was_not_asked_for_is_refused_with_headers_too() -> None:
    with pytest.raises(FetchError) as raised:
        answered(status(304), headers={"Client-Name": "desk"})
    assert raised.value.code == "http-304"


def test_fetch_sends_no_validators_it_does_not_have() -> None:
    with FeedServer() as server:
        ask(server.put("/feed", feed(BODY)))
        assert not {"If-None-Match", "If-Modified-Since"} & set(server.requests[0].headers)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"etag": '"7"'}, id="etag"),
        pytest.param({"last_modified": STAMP}, id="last-modified"),
        pytest.param({"etag": '"7"', "last_modified": STAMP}, id="both"),
    ],
)
def test_fetch_not_modified_has_no_body(sent: dict[str, str]) -> None:
    found = answered(feed(BODY, etag='"7"', last_modified=STAMP), **sent)
    assert (found.body, found.status, found.etag) == (None, 304, '"7"')


def test_fetch_not_modified_keeps_validators_that_the_server_leaves_out() -> None:
    found = answered(Reply(status=304), etag='"7"', last_modified=STAMP)
    assert (found.etag, found.last_modified) == ('"7"', STAMP)


def test_fetch_changed_forgets_validators_that_the_server_leaves_out() -> None:
    found = answered(feed(BODY), etag='"7"', last_modified=STAMP)
    assert (found.body, found.etag, found.last_modified) == (BODY, "", "")


def test_fetch_not_modified_unasked_is_a_failure() -> None:
    with pytest.raises(FetchError) as raised:
        answered(Reply(status=304))
    assert raised.value.code == "http-304"


@pytest.mark.parametrize(
    "etag",
    [
        pytest.param('"\xe9"', id="not-ascii"),
        pytest.param('"' + "7" * fetch.MAX_VALIDATOR + '"', id="long"),
    ],
)
def test_fetch_forgets_a_validator_that_it_could_not_send(etag: str) -> None:
    assert answered(feed(BODY, etag=etag)).etag == ""


def test_fetch_of_a_broken_validator_fails_with_a_code() -> None:
    with pytest.raises(FetchError) as raised:
        answered(feed(BODY), etag='"7"\r\nX: y')
    assert raised.value.code == "protocol"


def test_fetch_leaves_html_to_the_reader() -> None:
    assert b"Maintenance" in (answered(html()).body or b"")


def test_fetch_returns_an_empty_body_as_it_is() -> None:
    assert answered(feed(b"")).body == b""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("max-age=90", 90.0, id="max-age"),
        pytest.param('public, max-age="90"', 90.0, id="quoted"),
        pytest.param("public", None, id="none"),
        pytest.param("no-store", 0.0, id="no-store"),
        pytest.param("no-cache, max-age=90", 0.0, id="no-cache-first"),
    ],
)
def test_fetch_reads_cache_control(value: str, seconds: float | None) -> None:
    assert answered(feed(BODY, Cache_Control=value)).max_age_s == seconds


def test_max_age_of_no_header() -> None:
    assert fetch.max_age_s(None) is None


def test_fetch_asks_one_host_one_at_a_time() -> None:
    busy: list[int] = []

    async def all_of(server: FeedServer) -> None:
        async with fetch.client("x", "0", reach=HERE, resolve=resolve) as client:
            urls = [server.put(f"/{n}", feed(BODY)) for n in range(4)]

            async def watch(url: str) -> None:
                await fetch.fetch(client, url, now=NOW)
                busy.append(len(client.http._transport._pool.connections))  # type: ignore[attr-defined]  # noqa: SLF001

            await asyncio.gather(*(watch(url) for url in urls))

    with FeedServer() as server:
        asyncio.run(all_of(server))
    assert busy == [1, 1, 1, 1]


# --- failures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(status(500), "http-500", id="500"),
        pytest.param(status(503), "http-503", id="503"),
        pytest.param(status(429), "http-429", id="429"),
        pytest.param(html(403), "http-403", id="403-html"),
        pytest.param(Reply(status=204), "http-204", id="204"),
        pytest.param(Reply(status=206, body=BODY), "http-206", id="206-part-of-a-body"),
        pytest.param(truncated(BODY, at=10), "truncated", id="content-length-not-met"),
        pytest.param(reset(BODY), "truncated", id="connection-reset"),
        pytest.param(Reply(headers={"Content-Encoding": "br"}, body=BODY), "encoding", id="unasked-coding"),
        pytest.param(Reply(headers={"Content-Encoding": "gzip"}, body=BODY), "encoding", id="not-gzip"),
        pytest.param(
            Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(BODY)[:-9]), "truncated", id="half-a-member"
        ),
        pytest.param(
            Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(BODY) + b"junk"), "encoding", id="gzip-junk"
        ),
        pytest.param(multi_member(BODY, BODY), "encoding", id="two-members"),
        pytest.param(gzip_bomb(), "too-big", id="gzip-bomb"),
    ],
)
def test_fetch_fails_with_a_code(answer: Reply, code: str) -> None:
    with pytest.raises(FetchError) as raised:
        answered(answer)
    assert (raised.value.code, raised.value.retry) == (code, True)


def test_fetch_gone_is_not_worth_trying_again() -> None:
    with pytest.raises(FetchError) as raised:
        answered(status(410))
    assert (raised.value.code, raised.value.retry) == ("http-410", False)


@pytest.mark.parametrize(
    "wish",
    [pytest.param("120", id="seconds"), pytest.param("Fri, 10 Dec 2021 23:02:00 GMT", id="date")],
)
def test_fetch_hands_on_retry_after(wish: str) -> None:
    with pytest.raises(FetchError) as raised:
        answered(status(429, retry_after=wish))
    assert raised.value.retry_after_s == 120


def test_fetch_errors_hold_no_word_of_the_answer() -> None:
    with pytest.raises(FetchError) as raised:
        answered(Reply(status=500, body=b"SECRET", headers={"X-Say": "SECRET"}))
    assert "SECRET" not in str(raised.value)


def test_fetch_gives_up_on_a_body_that_stalls() -> None:
    with pytest.raises(FetchError) as raised:
        answered(stalled(BODY, at=10), deadline_s=0.2)
    assert raised.value.code == "timeout"


def test_fetch_gives_up_on_a_server_that_is_silent() -> None:
    async def one(url: str) -> None:
        async with fetch.client("x", "0", reach=HERE, resolve=resolve) as client:
            client.http.timeout = 0.1
            await fetch.fetch(client, url, now=NOW)

    with FeedServer() as server, pytest.raises(FetchError) as raised:
        asyncio.run(one(server.put("/feed", stalled(BODY, at=0))))
    assert raised.value.code == "timeout"


@pytest.mark.parametrize(
    ("size", "fits"),
    [pytest.param(999, True, id="under"), pytest.param(1000, True, id="at"), pytest.param(1001, False, id="over")],
)
@pytest.mark.parametrize("packed", [pytest.param(True, id="gzip"), pytest.param(False, id="plain")])
def test_fetch_size_limit(size: int, fits: bool, packed: bool) -> None:
    body = bytes(size)
    answer = gzipped(body) if packed else feed(body)
    if fits:
        assert answered(answer, max_bytes=1000).body == body
    else:
        with pytest.raises(FetchError) as raised:
            answered(answer, max_bytes=1000)
        assert raised.value.code == "too-big"


def test_fetch_leaves_a_body_packed_for_a_reader_that_streams() -> None:
    body = b"<area>1</area>" * 4_000
    packed = answered(gzipped(body), unpack=False).body
    assert packed is not None
    assert len(packed) < len(body)
    assert gzip.decompress(packed) == body


def test_fetch_limits_what_it_leaves_packed() -> None:
    with pytest.raises(FetchError) as caught:
        answered(gzipped(bytes(range(256)) * 40), unpack=False, max_bytes=100)
    assert caught.value.code == "too-big"


def test_fetch_unpacks_gzip() -> None:
    body = b"".join(b"<area>%d</area>" % number**3 for number in range(200_000))
    assert answered(gzipped(body)).body == body


def test_fetch_unpacks_a_small_body_of_any_ratio() -> None:
    body = bytes(fetch.RATIO_FROM)
    assert answered(gzipped(body, level=9)).body == body


def test_fetch_refuses_a_large_body_of_a_mad_ratio() -> None:
    with pytest.raises(FetchError) as raised:
        answered(gzipped(bytes(fetch.RATIO_FROM + 1), level=9))
    assert raised.value.code == "too-big"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "code"),
    [pytest.param("gzip_bomb.gz", "too-big", id="bomb"), pytest.param("gzip_multimember.gz", "encoding", id="members")],
)
def test_fetch_refuses_the_vectors(shared: Path, name: str, code: str) -> None:
    body = (shared / "vectors" / "zip" / name).read_bytes()
    with pytest.raises(FetchError) as raised:
        answered(Reply(headers={"Content-Encoding": "gzip"}, body=body))
    assert raised.value.code == code


def test_fetch_says_that_nobody_listens() -> None:
    with FeedServer() as server:
        url = server.url("/feed")
    with pytest.raises(FetchError) as raised:
        ask(url)
    assert raised.value.code == "refused"


def test_fetch_says_that_a_name_does_not_resolve() -> None:
    async def nothing(host: str, port: int) -> Sequence[str]:
        raise OSError(host, port)

    with pytest.raises(FetchError) as raised:
        ask("https://gone.test/", names=nothing)
    assert (raised.value.code, raised.value.retry) == ("dns", True)


def test_fetch_says_that_the_answer_is_not_http() -> None:
    with FeedServer() as server, pytest.raises(FetchError) as raised:
        ask(server.put("/feed", Reply(headers={"Bad Name": "x"})))
    assert raised.value.code == "truncated"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param("http://127.0.0.1/feed", "address-refused", id="loopback-plain"),
        pytest.param("https://127.0.0.1/feed", "address-refused", id="loopback"),
        pytest.param("https://feeds.test/feed", "address-refused", id="name-of-loopback"),
        pytest.param("file:///etc/passwd", "url-refused", id="file"),
    ],
)
def test_fetch_of_a_real_source_stays_on_the_public_internet(url: str, code: str) -> None:
    with pytest.raises(FetchError) as raised:
        ask(url, reach=Reach())
    assert (raised.value.code, raised.value.retry) == (code, False)


# --- TLS ----------------------------------------------------------------------------------------------------------


def test_fetch_over_tls() -> None:
    with FeedServer(tls=server_context("feeds.test")) as server:
        server.put("/feed", feed(BODY))
        assert ask(server.url("/feed", host="feeds.test"), tls=authority()).body == BODY


def test_fetch_of_a_link_that_says_http_goes_by_https() -> None:
    asked: list[int] = []

    async def nothing(host: str, port: int) -> Sequence[str]:
        asked.append(port)
        raise OSError(host)

    with pytest.raises(FetchError):
        ask("http://feeds.test/feed", reach=Reach(), names=nothing)
    assert asked == [443]


@pytest.mark.parametrize(
    "trusted", [pytest.param(False, id="unknown-authority"), pytest.param(True, id="certificate-of-another-name")]
)
def test_fetch_refuses_a_bad_certificate(trusted: bool) -> None:
    with FeedServer(tls=server_context("feeds.test")) as server:
        server.put("/feed", feed(BODY))
        url = server.url("/feed", host="other.test" if trusted else "feeds.test")
        with pytest.raises(FetchError) as raised:
            ask(url, tls=authority() if trusted else None)
    assert (raised.value.code, server.requests) == ("tls", [])


def test_fetch_never_goes_from_https_to_http() -> None:
    with FeedServer() as plain, FeedServer(tls=server_context("feeds.test")) as server:
        server.put("/feed", redirect(plain.put("/feed", feed(BODY)).replace("127.0.0.1", "feeds.test")))
        with pytest.raises(FetchError, match="from https to http") as raised:
            ask(server.url("/feed", host="feeds.test"), tls=authority())
    assert raised.value.code == "redirect-refused"


# --- redirects ----------------------------------------------------------------------------------------------------


def test_fetch_follows_a_redirect_on_its_host() -> None:
    with FeedServer() as server:
        server.put("/new", feed(BODY))
        assert ask(server.put("/feed", redirect("/new", 301))).body == BODY


def test_fetch_follows_a_redirect_to_a_host_of_the_source() -> None:
    with FeedServer() as server:
        server.put("/new", feed(BODY))
        server.put("/feed", redirect(server.url("/new", host="cdn.test")))
        assert ask(server.url("/feed", host="feeds.test"), hosts=["feeds.test", "cdn.test"]).body == BODY


def test_fetch_of_a_link_stays_with_the_hosts_of_the_source() -> None:
    with FeedServer() as server:
        server.put("/feed", feed(BODY))
        with pytest.raises(FetchError) as raised:
            ask(server.url("/feed", host="other.test"), hosts=["feeds.test"])
        assert (raised.value.code, raised.value.retry, server.requests) == ("link-refused", False, [])


def test_fetch_follows_a_redirect_to_www() -> None:
    with FeedServer() as server:
        server.put("/new", feed(BODY))
        server.put("/feed", redirect(server.url("/new", host="www.feeds.test")))
        assert ask(server.url("/feed", host="feeds.test")).body == BODY


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("http://cdn.test/new", id="other-host"),
        pytest.param("http://feeds.test.evil.test/new", id="look-alike"),
        pytest.param("http://169.254.169.254/latest/meta-data/", id="metadata"),
        pytest.param("http://10.0.0.1/new", id="private"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("//user@feeds.test/new", id="credentials"),
        pytest.param("http://[", id="not-a-url"),
    ],
)
def test_fetch_refuses_a_redirect(target: str) -> None:
    with FeedServer() as server:
        server.put("/feed", redirect(target))
        with pytest.raises(FetchError) as raised:
            ask(server.url("/feed", host="feeds.test"))
        assert (raised.value.code, len(server.requests)) == ("redirect-refused", 1)


@pytest.mark.parametrize(("hops", "fits"), [pytest.param(3, True, id="three"), pytest.param(4, False, id="four")])
def test_fetch_follows_three_redirects(hops: int, fits: bool) -> None:
    with FeedServer() as server:
        url = server.put("/0", *[redirect("/1")])
        for hop in range(1, hops):
            server.put(f"/{hop}", redirect(f"/{hop + 1}"))
        server.put(f"/{hops}", feed(BODY))
        if fits:
            assert ask(url).body == BODY
        else:
            with pytest.raises(FetchError, match="more than 3"):
                ask(url)


def test_fetch_leaves_a_loop() -> None:
    with FeedServer() as server:
        with pytest.raises(FetchError) as raised:
            ask(server.put("/feed", redirect("/feed")))
        assert (raised.value.code, len(server.requests)) == ("redirect-refused", 4)


# --- when to ask again --------------------------------------------------------------------------------------------


class Middle(Random):
    """A generator whose every draw is the middle: no jitter."""

    def random(self) -> float:
        return 0.5


def seeded(seed: int) -> Random:
    return Random(seed)


def source(**fields: Any) -> Source:
    return Source(
        **{
            "id": "xx-test",
            "publisher": "Example Weather Service",
            "url": "https://feeds.test/",
            "format": "cap",
            "issuer_class": IssuerClass.HAZARD,
            "interval": timedelta(minutes=1),
            "stale_after": timedelta(minutes=15),
            **fields,
        }
    )


def answer(**fields: Any) -> Fetched:
    return Fetched(**{"body": b"", "status": 200, **fields})


def failure(retry_after_s: float | None = None) -> FetchError:
    return FetchError("the server answered 503", code="http-503", retry_after_s=retry_after_s)


@pytest.mark.parametrize(
    ("failures", "outcome", "seconds"),
    [
        pytest.param(0, None, 60, id="first"),
        pytest.param(0, answer(), 60, id="success"),
        pytest.param(0, answer(max_age_s=30), 60, id="max-age-shorter"),
        pytest.param(0, answer(max_age_s=90), 90, id="max-age-longer"),
        pytest.param(0, answer(max_age_s=301), 300, id="max-age-leaves-three-polls-before-stale"),
        pytest.param(0, answer(retry_after_s=100), 100, id="retry-after-with-success"),
        pytest.param(1, failure(), 120, id="one-failure"),
        pytest.param(2, failure(), 240, id="two-failures"),
        pytest.param(4, failure(), 960, id="four-failures"),
        pytest.param(5, failure(), 1800, id="capped"),
        pytest.param(5000, failure(), 1800, id="many-failures"),
        pytest.param(1, failure(600), 600, id="retry-after"),
        pytest.param(1, failure(10), 120, id="retry-after-shorter-than-back-off"),
        pytest.param(1, failure(1e9), 21600, id="retry-after-capped"),
    ],
)
def test_next_due(failures: int, outcome: Fetched | FetchError | None, seconds: float) -> None:
    health = Health(source="xx-test", failures=failures)
    due = fetch.next_due(source(), health, now=NOW, random=Middle(), answer=outcome)
    assert due == NOW + timedelta(seconds=seconds)


def test_next_due_of_a_slow_source_is_not_hurried_by_a_failure() -> None:
    slow = source(interval=timedelta(hours=1))
    due = fetch.next_due(slow, Health(source="xx-test", failures=1), now=NOW, random=Middle(), answer=failure())
    assert due == NOW + timedelta(hours=1)


def test_next_due_jitter_stays_within_a_fifth() -> None:
    draws = [
        (fetch.next_due(source(), Health(source="xx-test"), now=NOW, random=seeded(seed)) - NOW).total_seconds()
        for seed in range(500)
    ]
    assert 48 <= min(draws) < 50
    assert 70 < max(draws) <= 72


def test_validators_are_left_out_now_and_then() -> None:
    health = Health(source="xx-test", etag='"7"', last_modified=STAMP)
    random = seeded(1)
    polls = [fetch.validators(health, random=random) for _ in range(2000)]
    assert set(polls) == {("", ""), ('"7"', STAMP)}
    assert 60 < polls.count(("", "")) < 150


A, B, B2 = (
    Link(url="https://x.test/a", fresh="1"),
    Link(url="https://x.test/b", fresh="1"),
    Link(url="https://x.test/b"),
)


@pytest.mark.parametrize(
    ("links", "seen", "due"),
    [
        pytest.param([A, B], [], (A, B), id="new"),
        pytest.param([A, B, A], [], (A, B), id="listed-twice"),
        pytest.param([A, B], [A], (B,), id="seen"),
        pytest.param([B2], [B], (B2,), id="changed"),
        pytest.param([], [A], (), id="empty"),
    ],
)
def test_due_links(links: list[Link], seen: list[Link], due: tuple[Link, ...]) -> None:
    assert fetch.due_links(links, seen=seen) == due


def test_due_links_takes_no_more_than_so_many() -> None:
    assert fetch.due_links([A, B], seen=(), at_most=1) == (A,)


def test_validators_are_left_out_when_all_the_other_polls_were_not_modified() -> None:
    dice = Random(3)
    known = Health(source="x", etag='"1"', last_modified=STAMP, unchanged=fetch.FULL_EVERY - 1)
    assert all(fetch.validators(known, random=dice) == ("", "") for _ in range(100))
