"""What stands before every answer of the console: the host check and the headers that keep a page to itself.

Source: W3C Content Security Policy Level 3; Fetch (nosniff); Referrer Policy.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

# data: is for the map library's own buttons.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}


class Guard:
    """ASGI middleware. `hosts` are the names under which this console may be asked; None means any.

    A console on loopback that answers to any name can be read by a foreign page whose own name is made to point at
    127.0.0.1 (DNS rebinding), so there the Host header must be one of loopback's.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] | None) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a foreign host name, else pass the request on and dress the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                # Files are asked for again with their ETag; a page is of its moment and is kept by nobody.
                headers["Cache-Control"] = "no-cache" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        if self.hosts is not None and _name(Headers(scope=scope).get("host", "")) not in self.hosts:
            refusal = PlainTextResponse("This console does not answer to that host name.\n", status_code=421)
            await refusal(scope, receive, send_guarded)
            return
        await self.app(scope, receive, send_guarded)


def _name(host: str) -> str:
    """Return the Host header without its port, in lower case. Source: RFC 9110, 7.2."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
