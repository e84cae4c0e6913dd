"""The console's answers: pages, JSON, map, stream, headers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html
from sample import TORNADO, SampleBoard, area, iso, ledger, notice, overview, place, source
from shapely.geometry import box, mapping
from starlette.testclient import TestClient

from tocsin.declaration import DECLARATION, annex
from tocsin.ledger import Head
from tocsin.ledger.state import LogState
from tocsin.web.app import create_app

HEAD = Head(size=9, root=bytes(32))

OWN_HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
    "\u202eevil\u202c \u0000 \x0b",
    "]]>--><!--",
]


@pytest.fixture
def board() -> SampleBoard:
    return SampleBoard()


@pytest.fixture
def client(board: SampleBoard) -> Iterator[TestClient]:
    with TestClient(create_app(board), base_url="http://127.0.0.1:8080") as client:
        yield client


def page(client: TestClient, path: str = "/") -> html.HtmlElement:
    answer = client.get(path)
    assert answer.status_code == 200
    return html.document_fromstring(answer.text)


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def one(document: html.HtmlElement, xpath: str) -> html.HtmlElement:
    found = document.xpath(xpath)
    assert len(found) == 1, f"{xpath}: {len(found)}"
    element: html.HtmlElement = found[0]
    return element


# --- what the page says -------------------------------------------------------------------------------------------


def test_the_status_line_names_the_source_that_is_silent(client: TestClient) -> None:
    status = words(one(page(client), "//*[@id='status']"))
    assert "3 of 4 sources working; Met Office silent since 00:12 UTC" in status


@pytest.mark.parametrize(
    ("place_id", "text"),
    [
        pytest.param(
            "edwardsville-dc-1", "Act now Tornado Act now since 20:06 · until 20:45 CST, 33 min left", id="danger"
        ),
        pytest.param("joliet-cross-dock", "starts in 7 h 10 min (Sat 03:22)", id="expected"),
        pytest.param(
            "memphis-gateway",
            "Quiet as of 20:09 CST according to US National Weather Service, US Geological Survey",
            id="quiet",
        ),
        pytest.param("leeds-depot", "Blind: no working source watches snow, wind here", id="blind"),
    ],
)
def test_a_place_states_what_it_is(client: TestClient, place_id: str, text: str) -> None:
    assert text in words(one(page(client), f"//li[@data-place='{place_id}']"))


def test_a_blind_place_is_never_called_quiet(client: TestClient) -> None:
    document = page(client)
    said = words(one(document, "//li[@data-place='leeds-depot']")) + str(
        one(document, "//li[@id='ribbon-leeds-depot']//svg[@role='img']").get("aria-label")
    )
    assert "uiet" not in said


def test_places_are_sorted_worse_then_sooner_and_blind_below_be_prepared(client: TestClient) -> None:
    listed = [str(node.get("data-place")) for node in page(client).xpath("//li[@data-place]")]
    assert listed[3:7] == ["joliet-cross-dock", "leeds-depot", "springfield-depot", "peoria-school"]


@pytest.mark.parametrize(
    ("show", "count"), [("4", 3), ("3", 1), ("blind", 1), ("quiet", 3), ("nonsense", 10), ("<script>", 10)]
)
def test_a_tile_filters_the_list(client: TestClient, show: str, count: int) -> None:
    assert len(page(client, f"/?show={show}").xpath("//li[@data-place]")) == count


def test_each_bar_of_the_ribbon_has_its_level_in_words(client: TestClient) -> None:
    ribbon = one(page(client), "//li[@id='ribbon-edwardsville-dc-1']")
    assert [words(text) for text in ribbon.xpath(".//text[contains(@class, 'barname')]")] == [
        "Act now → Be prepared · Tornado",
        "Be prepared · Strong wind",
        "Be aware · Thunderstorm",
    ]


def test_a_bar_is_dashed_until_it_has_begun(client: TestClient) -> None:
    ribbon = one(page(client), "//li[@id='ribbon-edwardsville-dc-1']")
    assert ["expected" in str(bar.get("class")) for bar in ribbon.xpath(".//rect")] == [True, False, True, False]


def test_a_card_says_when_the_level_changes(client: TestClient) -> None:
    card = words(one(page(client), "//li[@id='place-edwardsville-dc-1']"))
    assert "Act now since" in card
    assert "33 min left · then Be prepared until" in card


def test_the_demo_says_that_its_clock_is_not_the_walls(client: TestClient) -> None:
    assert "Demo clock" in words(one(page(client), "//*[@id='clock']"))


def test_a_live_console_does_not_speak_of_a_demo(client: TestClient, board: SampleBoard) -> None:
    board.state = overview(is_demo=False, scenario="")
    assert "emo" not in words(one(page(client), "//body"))


def test_notices_say_reason_time_and_places(client: TestClient) -> None:
    notice_text = words(one(page(client), "//li[@id='notice-n5']"))
    assert "new Act now: tornado, 3 places" in notice_text
    assert "Edwardsville DC 1" in notice_text


def test_an_empty_board_says_so(client: TestClient, board: SampleBoard) -> None:
    board.state = overview(places=[], areas=[], notices=[], sources=[])
    assert "No places yet" in words(one(page(client), "//main"))


def test_many_places_are_counted_rather_than_listed(client: TestClient, board: SampleBoard) -> None:
    board.state = overview(places=[place(f"Depot {number}", -90 + number / 100, 38.0) for number in range(200)])
    assert "140 more places, none worse than these" in words(one(page(client), "//main"))


def test_an_unknown_zone_falls_back_to_utc(client: TestClient, board: SampleBoard) -> None:
    board.state = overview(places=[place("Depot", 0.0, 50.0, timezone="Nowhere/At_All")])
    assert "UTC" in words(one(page(client), "//li[@data-place='depot']"))


def test_a_zone_without_letters_shows_its_offset(client: TestClient, board: SampleBoard) -> None:
    board.state = overview(places=[place("Depot", 46.7, 24.7, timezone="Asia/Riyadh")])
    assert "UTC+03" in words(one(page(client), "//li[@data-place='depot']"))


def test_a_source_says_how_many_areas_are_not_exact(client: TestClient, board: SampleBoard) -> None:
    counted = {"drawn": 2, "exact": 1, "coarse": 3, "unknown": 1}
    board.state = overview(sources=[source("x", "Example Office", areas=counted), source("y", "Another Office")])
    told = [words(line) for line in page(client).xpath("//ul[@class='sources']/li")]
    assert ["4 of 7 areas not exact" in line for line in told] == [True, False]


def test_what_is_odd_about_a_source_stands_beside_it(client: TestClient, board: SampleBoard) -> None:
    board.state = overview(sources=[source("x", "Example Office", notes=["went back in time: <b>", "second"])])
    (line,) = page(client).xpath("//ul[@class='sources']/li")
    assert "went back in time: <b>" in words(line)
    assert "second" in words(line)


def test_what_is_doubtful_about_an_event_stands_beside_it(client: TestClient, board: SampleBoard) -> None:
    doubtful = {
        **TORNADO["evidence"][0],
        "no_longer_listed_since": "2021-12-11T02:00:00Z",
        "not_confirmed_since": "2021-12-11T02:05:00Z",
        "reissue_of": "urn:1",
        "onset": "2021-12-11T03:00:00Z",
        "expires": "2021-12-11T02:30:00Z",
    }
    board.state = overview(places=[place("Depot", -90, 38, level=4, concerns=[{**TORNADO, "evidence": [doubtful]}])])
    (line,) = page(client).xpath("//ul[@class='evidence']/li")
    told = words(line)
    assert "no longer listed since 20:00" in told
    assert "not confirmed since 20:05" in told
    assert "re-issue of urn:1" in told
    assert "21:00 to 20:30" in told


@pytest.mark.parametrize(
    ("state", "words_", "is_alert"),
    [
        pytest.param(LogState(), "entries: nothing signed yet", False, id="nothing"),
        pytest.param(None, "signed as 18190/9f2c41d0…: witnessed by council at 2021-12-11 02:12 UTC", False, id="ok"),
        pytest.param(
            LogState(head=HEAD, is_overdue=True),
            "unwitnessed, no quorum of witnesses for more than a day",
            False,
            id="overdue",
        ),
        pytest.param(
            LogState(head=HEAD, state="conflict", contradicted_by=("council",)),
            "CONFLICT: council saw another history",
            True,
            id="conflict",
        ),
    ],
)
def test_the_foot_of_the_page_says_who_vouches_for_the_ledger(
    client: TestClient, board: SampleBoard, state: LogState | None, words_: str, is_alert: bool
) -> None:
    board.state = overview(ledger=ledger(state=state))
    for path in ("/", "/neutrality"):
        foot = one(page(client, path), "//footer")
        assert words_ in words(foot)
        assert (foot.get("role") == "alert") is is_alert


def test_a_clock_that_jumped_is_told(client: TestClient, board: SampleBoard) -> None:
    board.state = {**overview(), "clock_jumps": [{"at": "2021-12-11T02:00:00Z", "by_s": 10800}]}
    assert "clock jumped by 10800 s" in words(one(page(client), "//*[@id='status']"))


def test_a_source_that_never_answered_is_named(client: TestClient, board: SampleBoard) -> None:
    board.state = overview(sources=[source("x", "Example Office", "failing", as_of=None, succeeded=None)])
    assert "Example Office has not answered yet" in words(one(page(client), "//*[@id='status']"))


@pytest.mark.parametrize(
    ("web", "links"),
    [
        ("https://example.org/a", 1),
        ("http://example.org/a", 1),
        ("javascript:alert(1)", 0),
        ("data:text/html,x", 0),
        ("", 0),
    ],
)
def test_only_web_addresses_become_links(client: TestClient, board: SampleBoard, web: str, links: int) -> None:
    board.state = overview(places=[place("Depot", -90, 38, level=4, concerns=[{**TORNADO, "web": web}])])
    assert len(page(client).xpath("//details//a")) == links


def test_the_page_has_no_inline_style_or_script(client: TestClient) -> None:
    document = page(client)
    assert document.xpath("//@style | //style | //script[not(@src)] | //@*[starts-with(name(), 'on')]") == []


def test_every_id_on_the_page_is_used_once(client: TestClient) -> None:
    ids = page(client).xpath("//@id")
    assert sorted(set(ids)) == sorted(ids)


def test_sources_that_tell_of_the_same_thing_are_named_beside_each_other(
    client: TestClient, board: SampleBoard
) -> None:
    said = TORNADO["evidence"][0]
    both = [{**said, "happening": "h"}, {**said, "source": "hub", "happening": "h"}]
    alone = {**said, "source": "other", "happening": "o"}
    board.state = overview(
        places=[place("Depot", -90, 38, level=4, concerns=[{**TORNADO, "evidence": [*both, alone]}])]
    )
    lines = [" ".join(line.text_content().split()) for line in page(client).xpath("//ul[@class='evidence']/li")]
    assert ["told of the same thing by hub too" in line for line in lines] == [True, False, False]
    assert ["told of the same thing" in line for line in lines] == [True, True, False]


# --- hostile text -------------------------------------------------------------------------------------------------


def hostile_board(text: str) -> dict[str, Any]:
    evil = {**TORNADO, "headline": text, "instruction": text, "label": text, "sender_name": text, "web": text}
    evil["evidence"] = [{**TORNADO["evidence"][0], "identifier": text, "source": text}]
    return overview(
        places=[place(text, -90.0, 38.0, level=4, concerns=[evil], kind=text, blind=["wind"])],
        areas=[area(text, 4, [(-91, 38), (-90, 39), (-89, 38), (-91, 38)], headline=text)],
        notices=[notice("n", "first", 4, text, [text])],
        sources=[source("s", text, "failing", error=text, attribution=text)],
        scenario=text,
        families={"wind": text},
    )  # fmt: skip


def assert_harmless(client: TestClient) -> None:
    for path in ("/", "/?map=live"):
        document = page(client, path)
        assert document.xpath("//script[not(starts-with(@src, '/static/'))]") == []
        assert document.xpath("//@*[starts-with(name(), 'on')]") == []
        assert document.xpath("//img | //iframe | //object | //embed | //form | //base") == []
        assert [link for link in document.xpath("//@href") if not re.match(r"/|#|https?://", link)] == []
    drawing = etree.fromstring(client.get("/api/map.svg").content, etree.XMLParser(resolve_entities=False))
    assert drawing.xpath("//*[local-name() = 'script'] | //@*[starts-with(name(), 'on')]") == []


@pytest.mark.parametrize("text", OWN_HOSTILE)
def test_hostile_text_stays_text(client: TestClient, board: SampleBoard, text: str) -> None:
    board.state = hostile_board(text)
    assert_harmless(client)


@pytest.mark.shared
def test_recorded_hostile_text_stays_text(client: TestClient, board: SampleBoard, shared: Path) -> None:
    folder = shared / "vectors" / "strings"
    lines = json.loads((folder / "blns.json").read_text(encoding="utf-8"))
    for name in ("xss_rsnake.txt", "xss_jhaddix.txt"):
        lines += (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()
    # All of them in a few pages: a thousand pages one by one would show the same and take minutes.
    for start in range(0, len(lines), 100):
        board.state = hostile_board("\n".join(str(line) for line in lines[start : start + 100]))
        assert_harmless(client)


# --- headers and hosts --------------------------------------------------------------------------------------------

PATHS = ["/", "/api/overview", "/api/map.svg", "/healthz", "/static/tocsin.css", "/nowhere", "/api/nowhere"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_strict_policy(client: TestClient, path: str) -> None:
    policy = client.get(path).headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("header", "value"), [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")]
)
def test_every_answer_carries(client: TestClient, path: str, header: str, value: str) -> None:
    assert client.get(path).headers[header] == value


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_sets_a_cookie(client: TestClient, path: str) -> None:
    assert "set-cookie" not in client.get(path).headers


@pytest.mark.parametrize(
    ("path", "kept"), [("/", "no-store"), ("/api/overview", "no-store"), ("/static/tocsin.css", "no-cache")]
)
def test_what_may_be_kept(client: TestClient, path: str, kept: str) -> None:
    assert client.get(path).headers["cache-control"] == kept


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:8080", 200, id="loopback"),
        pytest.param("localhost", 200, id="localhost"),
        pytest.param("LOCALHOST:80", 200, id="case"),
        pytest.param("[::1]:8080", 200, id="ipv6"),
        pytest.param("rebound.example.org", 421, id="foreign"),
        pytest.param("rebound.example.org:8080", 421, id="foreign-with-port"),
        pytest.param("127.0.0.1.example.org", 421, id="lookalike"),
        pytest.param("", 421, id="none"),
    ],
)
def test_a_console_on_loopback_answers_only_to_loopback_names(client: TestClient, host: str, status: int) -> None:
    assert client.get("/", headers={"host": host}).status_code == status


def test_a_console_behind_a_proxy_answers_to_any_name(board: SampleBoard) -> None:
    client = TestClient(create_app(board, hosts=None), base_url="http://tocsin.example.org")
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/api/docs", "/api/redoc"])
def test_the_framework_shows_no_pages_of_its_own(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/overview", "/api/map.svg"])
def test_nothing_can_be_posted(client: TestClient, path: str) -> None:
    assert client.post(path).status_code == 405


# --- json, map, stream --------------------------------------------------------------------------------------------


def test_the_overview_as_json_is_the_boards(client: TestClient, board: SampleBoard) -> None:
    assert client.get("/api/overview").json() == board.state


def drawing(client: TestClient, query: str = "") -> etree._Element:
    answer = client.get(f"/api/map.svg{query}")
    assert answer.headers["content-type"] == "image/svg+xml"
    return etree.fromstring(answer.content)


def test_the_map_draws_each_area_that_has_a_place_in_the_world(client: TestClient) -> None:
    assert len(drawing(client).xpath("//*[contains(@class, 'area-')]")) == 3


def test_the_map_is_fitted_to_the_places_in_danger(client: TestClient) -> None:
    titles = [title.text for title in drawing(client).xpath("//*[local-name() = 'a']/*[local-name() = 'title']")]
    assert "Edwardsville DC 1: Act now" in titles
    assert "Leeds depot: Blind" not in titles


def test_the_map_shows_all_places_where_none_is_in_danger(client: TestClient, board: SampleBoard) -> None:
    board.state = overview(places=[place("Suva", 178.4, -18.1), place("Apia", -171.8, -13.8)], areas=[])
    marks = drawing(client).xpath("//*[local-name() = 'use']")
    # Over the antimeridian they are neighbours: not a world apart.
    assert len(marks) == 2
    assert abs(float(marks[0].get("x")) - float(marks[1].get("x"))) < 1100


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_map_has_land_on_it(client: TestClient, theme: str) -> None:
    land = drawing(client, f"?theme={theme}").xpath("//*[@class = 'land']/@d")
    assert land[0].startswith("M")


@pytest.mark.parametrize(
    "geometry",
    [
        pytest.param({"type": "Point", "coordinates": [0, 0]}, id="point"),
        pytest.param({"type": "Polygon", "coordinates": []}, id="empty"),
        pytest.param({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, id="too-few"),
        pytest.param({"type": "Nonsense"}, id="unknown"),
        pytest.param(mapping(box(-180, -90, 180, 90)), id="world"),
    ],
)  # fmt: skip
def test_a_strange_area_does_not_take_the_map_down(client: TestClient, board: SampleBoard, geometry: Any) -> None:
    board.state = overview(areas=[{**area("Odd", 2, None), "geometry": geometry}])
    assert drawing(client) is not None


def test_an_empty_board_has_a_map_of_the_world(client: TestClient, board: SampleBoard) -> None:
    board.state = overview(places=[], areas=[])
    assert "0 places" in str(drawing(client).get("aria-label"))


def test_a_map_of_very_many_places_draws_the_worst(client: TestClient, board: SampleBoard) -> None:
    calm = [place(f"Depot {number}", -90 + number / 1000, 38.0) for number in range(1000)]
    board.state = overview(places=[place("Hub", -90, 38.5, level=4, concerns=[TORNADO]), *calm])
    drawn = client.get("/api/map.svg").text
    assert "Hub: Act now" in drawn
    assert "401 calmer places are not drawn" in drawn


def test_a_refused_theme_is_a_usage_error(client: TestClient) -> None:
    assert client.get("/api/map.svg?theme=pink").status_code == 422


def test_the_basemap_answers_a_range(client: TestClient) -> None:
    answer = client.get("/static/basemap.pmtiles", headers={"range": "bytes=0-6"})
    assert (answer.status_code, answer.content) == (206, b"PMTiles")


def test_health_answers(client: TestClient) -> None:
    assert client.get("/healthz").text == "ok\n"


async def _events(board: SampleBoard, query: str, wanted: int) -> list[str]:
    """Return the first events of the stream, read as a browser does, with a change of the board in between."""
    app = create_app(board)
    sent: asyncio.Queue[bytes] = asyncio.Queue()
    hung_up = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await sent.put(message["body"])

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "path": "/api/events", "raw_path": b"/api/events", "root_path": "", "query_string": query.encode(),
        "scheme": "http", "headers": [(b"host", b"127.0.0.1")], "client": None, "server": None,
    }  # fmt: skip
    serving = asyncio.create_task(app(scope, receive, send))
    events: list[str] = []
    while len(events) < wanted:
        piece = (await asyncio.wait_for(sent.get(), 10)).decode()
        events += re.findall(r"^data: (.*)$", piece, re.MULTILINE)
        if len(events) < wanted and piece.startswith("event"):
            board.put(at=iso(minutes=1))
    hung_up.set()
    await asyncio.wait_for(serving, 10)
    return events


def test_the_stream_gives_the_version_and_then_each_new_one(board: SampleBoard) -> None:
    assert asyncio.run(_events(board, "", 3)) == ["41", "42", "43"]


def test_the_stream_waits_for_what_the_reader_has_not(board: SampleBoard) -> None:
    async def story() -> list[str]:
        asyncio.get_running_loop().call_soon(lambda: board.put(at=iso(minutes=1)))
        return await _events(board, "after=41", 1)

    assert asyncio.run(story()) == ["42"]


# --- the published ledger -----------------------------------------------------------------------------------------


def test_published_ledger_is_served_as_it_lies(board: SampleBoard, tmp_path: Path) -> None:
    tile = tmp_path / "tile" / "0" / "x001" / "234.p"
    tile.mkdir(parents=True)
    (tile / "17").write_bytes(bytes(17 * 32))
    (tmp_path / "checkpoint").write_text("tocsin.example/log\n")
    (tmp_path.parent / "ledger.key").write_text("secret")
    with TestClient(create_app(board, ledger=tmp_path), base_url="http://127.0.0.1:8080") as client:
        assert client.get("/ledger/checkpoint").text == "tocsin.example/log\n"
        assert client.get("/ledger/tile/0/x001/234.p/17").content == bytes(17 * 32)
        assert client.get("/ledger/../ledger.key").status_code == 404
        assert client.get("/ledger/%2e%2e/ledger.key").status_code == 404
        assert client.get("/ledger/").status_code == 404


def test_without_a_ledger_nothing_is_served(client: TestClient) -> None:
    assert client.get("/ledger/checkpoint").status_code == 404


# --- the declaration ----------------------------------------------------------------------------------------------


def test_the_declaration_is_shown_whole_and_the_overview_links_it(client: TestClient) -> None:
    assert one(page(client), "//nav/a[@href='/neutrality']").text_content() == "Neutrality"
    shown = words(page(client, "/neutrality"))
    missing = [clause.id for clause in DECLARATION.clauses if clause.text not in shown or clause.limit not in shown]
    assert missing == []
    assert annex()["rules"]["sha256"] in shown


def test_the_declaration_needs_no_script_and_nothing_from_elsewhere(client: TestClient) -> None:
    document = page(client, "/neutrality")
    assert document.xpath("//script/@src") == ["/static/theme.js"], "which only remembers the colours"
    assert [link for link in document.xpath("//@src | //@href") if not link.startswith(("/", "#"))] == []


def test_what_was_not_kept_is_shown_by_week(client: TestClient, board: SampleBoard) -> None:
    table = one(page(client, "/neutrality"), "//h2[@id='not-kept']/following-sibling::table[1]")
    cells = [[words(cell) for cell in row] for row in table.xpath(".//tr")]
    assert cells == [
        ["Week", "malformed", "not-public", "person", "protected", "unmapped"],
        ["2021-W48", "<10", "14", "<10", "<10", "203"],
    ]
    board.put(weekly={})
    assert "numbers below 10 are never shown" in words(page(client, "/neutrality"))
