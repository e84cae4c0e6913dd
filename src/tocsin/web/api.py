"""`/api`: the overview as JSON, the map as SVG, and the stream that says when to look again.

FastAPI stays inside this file, so that it can be exchanged. Its own documentation pages are off: they load scripts
from a foreign server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Response
from fastapi.responses import StreamingResponse

from tocsin.web.board import Board
from tocsin.web.svgmap import draw

KEEPALIVE_S = 15.0
"""Silence after which a comment is sent, so that a dead connection is noticed at both ends.
Source: HTML Living Standard, 9.2.7 (authoring notes of server-sent events)."""


def create_api(board: Board) -> FastAPI:
    """Return the application that is mounted under `/api`."""
    api = FastAPI(title="Tocsin", docs_url=None, redoc_url=None)

    @api.get("/overview")
    async def overview() -> dict[str, Any]:
        """Return what is known of every place, source, area and notice."""
        return board.overview()

    @api.get("/map.svg", response_class=Response)
    def map_svg(theme: Annotated[Literal["light", "dark"], Query()] = "light") -> Response:
        """Return the map of places and areas as one SVG document."""
        return Response(draw(board.overview(), theme=theme), media_type="image/svg+xml")

    @api.get("/events", response_class=StreamingResponse)
    async def events(after: Annotated[int, Query()] = -1) -> StreamingResponse:
        """Return a stream of server-sent events, one with each new version of the board."""
        return StreamingResponse(_versions(board, after), media_type="text/event-stream")

    return api


async def _versions(board: Board, after: int) -> AsyncIterator[str]:
    """Yield the present version, then each later one, then the next ... until the reader hangs up."""
    yield "retry: 2000\n\n"
    version = after
    while True:
        try:
            version = await asyncio.wait_for(board.changed(version), KEEPALIVE_S)
        except TimeoutError:
            yield ": still here\n\n"
        else:
            yield f"event: version\nid: {version}\ndata: {version}\n\n"
