"""The pages of the console, made on the server, so that they work without script."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from tocsin.web.pages import PAGES
from tocsin.web.situation import situation
from tocsin.web.svgmap import draw

_MAP_LIBRARY = Path(__file__).parent / "static" / "vendor" / "maplibre-gl.mjs"


def overview(request: Request) -> HTMLResponse:
    """Return the overview. `?show=4` lists only the places at a level, `?show=blind` or `quiet` those in a state.

    `?map=live` leaves the drawn map out: a page that shows its own asks for the rest like that.
    """
    board = request.app.state.board.overview()
    has_own_map = request.query_params.get("map") == "live"
    page = PAGES.get_template("overview.html").render(
        **situation(board, show=request.query_params.get("show", "")),
        drawing="" if has_own_map else Markup(draw(board, is_inline=True)),  # noqa: S704 - our own template, autoescaped
        has_library=_MAP_LIBRARY.is_file(),
    )
    return HTMLResponse(page)
