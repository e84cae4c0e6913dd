"""A server on loopback that replays recorded HTTP, with the faults that real feeds have.

    with FeedServer() as server:
        server.put("/alerts", feed(BODY, etag='"1"'))
        server.put("/flaky", status(503), status(429, retry_after="120"), feed(BODY))    # one a request; the last stays
        ... server.url("/alerts") ...
        assert server.requests[0].headers["If-None-Match"] == '"1"'

`server.url(path, host="feeds.test")` gives the same server another name; hand `resolve` to the client then. Nothing
sleeps: a stalled answer waits until the server closes, so the test's own deadline decides.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return loopback for every name: a stub resolver."""
    assert host
    assert port
    return ["127.0.0.1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came in; header names are read without regard to case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server sends. `length` lies about Content-Length; `stall` never sends the rest after these bytes;
    `reset` breaks the connection in place of the body's end.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None
    stall: int | None = None
    reset: bool = False


Answer = Reply | Callable[[Request], Reply]


def feed(
    body: bytes, *, etag: str = "", last_modified: str = "", content_type: str = "application/xml", **headers: str
) -> Answer:
    """Return an answer that is 304 where the request's validators match. `Cache_Control=...` sets other headers."""
    sent = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if etag:
        sent["ETag"] = etag
    if last_modified:
        sent["Last-Modified"] = last_modified

    def answer(request: Request) -> Reply:
        known = request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
        if (etag and known[0] == etag) or (not known[0] and last_modified and known[1] == last_modified):
            return Reply(status=304, headers=sent)
        return Reply(headers=sent, body=body)

    return answer


def status(code: int, *, retry_after: str = "", body: bytes = b"<html>busy</html>") -> Reply:
    """Return an error answer; `retry_after` is seconds or an HTTP date."""
    return Reply(status=code, headers={"Retry-After": retry_after} if retry_after else {}, body=body)


def redirect(to: str, code: int = 302) -> Reply:
    """Return a redirect to an absolute or relative URL."""
    return Reply(status=code, headers={"Location": to})


def gzipped(body: bytes, *, level: int = 6) -> Reply:
    """Return a packed body."""
    return Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(body, level))


def gzip_bomb(size: int = 2**28) -> Reply:
    """Return a packed body that unpacks to `size` bytes of nothing (a thousandth of that on the wire)."""
    return gzipped(bytes(size), level=9)


def multi_member(*bodies: bytes) -> Reply:
    """Return a packed body of several members."""
    return Reply(headers={"Content-Encoding": "gzip"}, body=b"".join(gzip.compress(body) for body in bodies))


def html(code: int = 200) -> Reply:
    """Return a page for people where a feed should be."""
    return Reply(status=code, headers={"Content-Type": "text/html"}, body=b"<!doctype html><title>Maintenance</title>")


def truncated(body: bytes, *, at: int) -> Reply:
    """Return a body that breaks off, while Content-Length promises all of it."""
    return Reply(body=body[:at], length=len(body))


def stalled(body: bytes, *, at: int) -> Reply:
    """Return a body whose rest never comes while the server lives."""
    return Reply(body=body, stall=at)


def reset(body: bytes) -> Reply:
    """Return a body after which the connection is reset, while Content-Length promises more."""
    return Reply(body=body, length=len(body) + 1000, reset=True)


class FeedServer:
    """The server; a context manager. `requests` lists what came in, in order."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self._routes: defaultdict[str, list[Answer]] = defaultdict(list)
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        """Return the port that the system chose."""
        return int(self._server.server_address[1])

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        """Return the address of `path` under one of the server's names."""
        return f"{self._scheme}://{host}:{self.port}{path}"

    def put(self, path: str, *answers: Answer) -> str:
        """Set what `path` answers, one answer a request, the last for good; return its URL."""
        assert answers
        with self._lock:
            self._routes[path] = list(answers)
        return self.url(path)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            answers = self._routes[request.path]
            if not answers:
                return Reply(status=404)
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5

            def do_GET(self) -> None:
                self._reply()

            def do_POST(self) -> None:
                self._reply()

            def _reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers: Message = self.headers
                reply = outer._answer(Request(method=self.command, path=self.path, headers=headers, body=body))  # type: ignore[arg-type]
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status != HTTPStatus.NOT_MODIFIED:
                    length = len(reply.body) if reply.length is None else reply.length
                    self.send_header("Content-Length", str(length))
                self.end_headers()
                if reply.status == HTTPStatus.NOT_MODIFIED:
                    return
                self.wfile.write(reply.body[: reply.stall])
                if reply.reset:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                if reply.stall is not None:
                    self.wfile.flush()
                    outer._closing.wait()
                self.close_connection = self.close_connection or reply.stall is not None or reply.length is not None

            def log_message(self, *_: Any) -> None:
                return

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up is what many tests are about."""
