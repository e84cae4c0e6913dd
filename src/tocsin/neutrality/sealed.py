"""A sealed test source: documents served over HTTP to this machine alone, each under a path that nobody can guess."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class SealedSource:
    """Serves `documents` on loopback while it is entered. `asked` counts those that were fetched."""

    def __init__(self, documents: Sequence[bytes]) -> None:
        self._documents = {f"/{secrets.token_urlsafe(16)}": body for body in documents}
        self._asked: set[str] = set()
        sealed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sealed.answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing of who asked for what."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def asked(self) -> int:
        """Return how many of the documents were fetched."""
        return len(self._asked)

    @property
    def urls(self) -> list[str]:
        """Return the address of each document, in their order."""
        port = self._server.server_address[1]
        return [f"http://127.0.0.1:{port}{path}" for path in self._documents]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request with the document of its path, or with nothing."""
        body = self._documents.get(request.path)
        request.send_response(HTTPStatus.NOT_FOUND if body is None else HTTPStatus.OK)
        request.send_header("Content-Length", str(len(body or b"")))
        request.end_headers()
        if body is not None:
            self._asked.add(request.path)
            request.wfile.write(body)
