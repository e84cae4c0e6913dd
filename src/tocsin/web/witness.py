"""The witness over HTTP: one address, POST /add-checkpoint. It shows nothing and keeps no record of who asked.

Source: C2SP tlog-witness, "add-checkpoint".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.ledger.note import Signer
from tocsin.ledger.witness import MAX_REQUEST, Logs
from tocsin.run.witness import Memory, add_checkpoint

SIZE_TYPE = "text/x.tlog.size"
"""What a 409 answers with: the size from which the log must begin. Source: C2SP tlog-witness."""


def create_witness(memory: Memory, logs: Logs, signer: Signer, clock: Callable[[], datetime]) -> Starlette:
    """Return the application."""

    async def add(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        answer = await run_in_threadpool(add_checkpoint, body, memory=memory, logs=logs, signer=signer, now=clock())
        kind = SIZE_TYPE if answer.is_size else "text/plain"
        return Response(answer.body, status_code=answer.status, headers={"Content-Type": kind})

    return Starlette(routes=[Route("/add-checkpoint", add, methods=["POST"])])


async def _body(request: Request) -> bytes | None:
    """Return the body, None for one that is too long: reading stops at the first byte too many."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_REQUEST:
                return None
    except ClientDisconnect:
        return None
    return body
