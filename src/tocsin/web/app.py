"""The console as one ASGI application."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tocsin.web.api import create_api
from tocsin.web.board import Board
from tocsin.web.console import overview
from tocsin.web.guard import LOOPBACK, Guard
from tocsin.web.neutrality import neutrality

STATIC = Path(__file__).parent / "static"


def create_app(board: Board, *, hosts: Collection[str] | None = LOOPBACK, ledger: Path | None = None) -> Starlette:
    """Return the console over `board`.

    `hosts` are the names in the Host header that it answers to: loopback's by default, None for any (a console that
    is bound to other addresses, behind a proxy that checks). `ledger` is the folder of the published log, served as it
    lies under /ledger/. The application sets no cookie and asks no other server.
    """
    published = [Mount("/ledger", StaticFiles(directory=ledger, check_dir=False))] if ledger else []
    app = Starlette(
        routes=[
            Route("/", overview),
            Route("/neutrality", neutrality),
            Route("/healthz", _health),
            Mount("/api", create_api(board)),
            Mount("/static", StaticFiles(directory=STATIC)),
            *published,
        ],
        middleware=[Middleware(Guard, hosts=hosts), Middleware(GZipMiddleware, minimum_size=1000)],
    )
    app.state.board = board
    return app


async def _health(_request: Request) -> PlainTextResponse:
    """Answer that the process serves; what the sources do stands in `/api/overview`."""
    return PlainTextResponse("ok\n")
