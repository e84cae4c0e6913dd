"""`/neutrality`: the declaration that this installation is bound to, to be read and printed. It needs no script."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse

from tocsin.declaration import DECLARATION, annex
from tocsin.web.pages import PAGES
from tocsin.web.situation import foot


def neutrality(request: Request) -> HTMLResponse:
    """Return the page of the declaration, its checks and the hashes of the lists that hold now."""
    board = request.app.state.board.overview()
    page = PAGES.get_template("neutrality.html").render(
        declaration=DECLARATION, annex=annex(), ledger=foot(board["ledger"]), weekly=board["weekly"]
    )
    return HTMLResponse(page)
