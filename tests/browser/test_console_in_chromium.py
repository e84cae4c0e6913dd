"""The overview in a real Chromium: nothing from outside, no errors, live, and whole without WebGL."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest
import uvicorn
from sample import TORNADO, SampleBoard, ledger, place

from tocsin.web.app import STATIC, create_app

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra e2e)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HAS_LIBRARY = (STATIC / "vendor" / "maplibre-gl.mjs").is_file()
PATIENCE_MS = 20_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
needs_library = pytest.mark.skipif(not HAS_LIBRARY, reason="scripts/vendor.py could not put the map library in place")


class _Server(uvicorn.Server):
    """A server that tells another thread when it takes requests, and in which loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.ready.set()


class Console:
    """A console on a free loopback port, in a thread, with its board."""

    def __init__(self) -> None:
        self.board = SampleBoard()
        config = uvicorn.Config(create_app(self.board), port=0, log_level="error", timeout_graceful_shutdown=1)
        self.server = _Server(config)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve()), daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        assert self.server.ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)

    @property
    def url(self) -> str:
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/"

    def put(self, **changed: Any) -> None:
        assert self.server.loop is not None
        self.server.loop.call_soon_threadsafe(lambda: self.board.put(**changed))


@pytest.fixture
def console() -> Iterator[Console]:
    with Console() as console:
        yield console


Open = Callable[..., Any]


@pytest.fixture
def open_page(console: Console) -> Iterator[Open]:
    """Return a function that opens the overview and keeps what went wrong in `page.faults` and `page.asked`."""
    with playwright.sync_playwright() as engine:
        browsers = []

        def opened(*flags: str, **context: Any) -> Any:
            browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *flags])
            browsers.append(browser)
            page = browser.new_context(**context).new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.faults, page.asked = [], []
            page.on("console", lambda line: page.faults.append(line.text) if line.type == "error" else None)
            page.on("pageerror", lambda error: page.faults.append(str(error)))
            page.on("request", lambda request: page.asked.append(request.url))
            page.goto(console.url)
            return page

        yield opened
        for browser in browsers:
            browser.close()


def settled(page: Any, kind: str) -> Any:
    page.wait_for_selector(f"#map[data-kind={kind}]", state="attached")
    return page


@needs_library
def test_the_map_is_live_where_webgl_is(open_page: Open) -> None:
    page = settled(open_page(), "live")
    assert page.locator("#map canvas").is_visible()


@needs_library
def test_nothing_is_asked_of_another_server(open_page: Open, console: Console) -> None:
    page = settled(open_page(), "live")
    assert [url for url in page.asked if not url.startswith((console.url, "data:"))] == []


@needs_library
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_error_and_no_breach_of_the_policy(open_page: Open, scheme: str) -> None:
    page = settled(open_page(color_scheme=scheme), "live")
    page.click("#theme")
    page.wait_for_timeout(500)
    assert page.faults == []


def test_without_webgl_the_drawing_stays(open_page: Open) -> None:
    page = settled(open_page("--disable-3d-apis"), "drawing")
    assert page.locator("#map svg.drawing").is_visible()


def test_without_script_everything_is_there(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator("#map svg.drawing").is_visible()
    assert page.locator("li[data-place]").count() == 10


def test_a_change_arrives_by_itself(open_page: Open, console: Console) -> None:
    page = open_page()
    console.put(places=[place("Memphis gateway", -90.05, 35.15, level=4, concerns=[TORNADO])])
    page.wait_for_selector("#place-memphis-gateway.level-4")
    assert page.locator("li[data-place]").count() == 1


def test_an_update_keeps_focus_and_open_details(open_page: Open, console: Console) -> None:
    page = open_page()
    page.locator("#more-edwardsville-dc-1-1 summary").click()
    page.locator("#more-edwardsville-dc-1-1 summary").focus()
    console.put(ledger=ledger(99999))
    page.locator("#ledger", has_text="99 999").wait_for()
    assert page.evaluate("document.activeElement.parentElement.id") == "more-edwardsville-dc-1-1"
    assert page.locator("#more-edwardsville-dc-1-1").evaluate("node => node.open")


def test_markup_in_a_feed_is_shown_as_text(open_page: Open, console: Console) -> None:
    page = open_page()
    evil = "<img src=x onerror=document.title=1>"
    console.put(places=[place("Depot", -90, 38, level=4, concerns=[{**TORNADO, "headline": evil}])])
    page.wait_for_selector("#place-depot")
    assert page.locator("#place-depot .headline").text_content() == evil
    assert page.faults == []


def test_a_dead_stream_is_said(open_page: Open, console: Console) -> None:
    page = open_page()
    page.wait_for_selector("#map[data-kind]", state="attached")
    console.stop()
    page.wait_for_selector("#lost:not([hidden])")
    assert "Connection lost. What you see is of" in page.locator("#lost").text_content()


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_nothing_is_wider_than_the_window(open_page: Open, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_first_key_leads_past_the_head(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


@pytest.mark.parametrize("width", [320, 1440])
def test_what_can_be_pressed_is_large_enough(open_page: Open, width: int) -> None:
    """WCAG 2.2, 2.5.8: 24 by 24 pixels, text links in a sentence excepted."""
    page = open_page(viewport={"width": width, "height": 800})
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, summary, .tile, nav a')]
            .map((node) => [node.textContent.trim(), node.getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.width < 24 || box.height < 24)).map(([name]) => name)"""
    )
    assert small == []


def test_the_declaration_is_whole_without_script_and_on_a_phone(open_page: Open, console: Console) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page.goto(f"{console.url}neutrality")
    assert page.locator(".clause").count() == 12
    box = page.locator("#declaration").bounding_box()
    assert box["x"] >= 0
    assert box["width"] <= 360
    assert page.pdf(), "it can be printed"
    assert page.faults == []
    assert [url for url in page.asked if not url.startswith(console.url)] == []
