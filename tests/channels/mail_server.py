"""A mail server on loopback: real sockets, the few verbs that a client needs, and the refusals that real ones give.

    with MailServer(rcpt={"b@example.org": "550 no"}) as server: ... server.mails ...

An entry of `replies` answers a verb in place of the usual reply, one use each; an empty text hangs up. `rcpt` refuses
single recipients; `lists` are replies for RCPT that are used once, for greylisting.
"""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

_USUAL = {
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "END": "250 taken",
    "QUIT": "221 bye",
    "RSET": "250 ok",
    "AUTH": "235 welcome",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as it was taken, with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    was_protected: bool


class MailServer:
    """The server; a context manager. `mails` are those that were taken, `verbs` what was said."""

    def __init__(
        self,
        *,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        replies: Mapping[str, list[str]] | None = None,
        rcpt: Mapping[str, str] | None = None,
        auth: bool = False,
    ) -> None:
        self.mails: list[Mail] = []
        self.verbs: list[str] = []
        self.replies = {verb: list(texts) for verb, texts in (replies or {}).items()}
        self.rcpt = dict(rcpt or {})
        self.starttls = starttls
        self.tls = tls
        self.auth = auth
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        """Return the port that the system chose."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply(self, verb: str) -> str:
        """Return the next reply to `verb`."""
        waiting = self.replies.get(verb, [])
        return waiting.pop(0) if waiting else _USUAL[verb]


class _Server(socketserver.ThreadingTCPServer):
    owner: MailServer
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are what some tests are about."""


class _Session(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.owner = self.server.owner
        self.sender, self.recipients = "", list[str]()
        self.protected = False
        self.request.settimeout(5)
        with contextlib.suppress(OSError, EOFError):
            if self.owner.tls:
                self._protect(self.owner.tls)
            self.stream = self.request.makefile("rb")
            self._say("220 mail.test")
            while self._turn():
                pass
        self.request.close()

    def _protect(self, context: ssl.SSLContext) -> None:
        self.request = context.wrap_socket(self.request, server_side=True)
        self.protected = True

    def _say(self, text: str) -> None:
        if not text:
            raise EOFError
        self.request.sendall(text.encode() + b"\r\n")

    def _turn(self) -> bool:
        line: str = self.stream.readline().decode("ascii").strip()
        verb = line.partition(" ")[0].upper()
        self.owner.verbs.append(verb)
        if verb in {"EHLO", "HELO"}:
            extras = ["AUTH PLAIN"] if self.owner.auth else []
            extras += ["STARTTLS"] if self.owner.starttls and not self.protected else []
            lines = ["mail.test", *extras]
            marks = ["-"] * (len(lines) - 1) + [" "]
            self._say("\r\n".join(f"250{mark}{one}" for mark, one in zip(marks, lines, strict=True)))
        elif verb == "STARTTLS" and self.owner.starttls:
            self._say("220 go on")
            self._protect(self.owner.starttls)
            self.stream = self.request.makefile("rb")
        elif verb == "MAIL":
            self.sender, self.recipients = _address(line), []
            self._say(self.owner.reply(verb))
        elif verb == "RCPT":
            reply = self.owner.rcpt.get(_address(line)) or self.owner.reply(verb)
            self.recipients += [_address(line)] if reply.startswith("250") else []
            self._say(reply)
        elif verb == "DATA":
            self._take()
        else:
            self._say(self.owner.reply(verb))
        return verb != "QUIT"

    def _take(self) -> None:
        reply = self.owner.reply("DATA")
        self._say(reply)
        if not reply.startswith("354"):
            return
        lines = []
        while (line := self.stream.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        end = self.owner.reply("END")
        if end.startswith("250"):
            mail = Mail(
                sender=self.sender,
                recipients=tuple(self.recipients),
                content=b"".join(lines),
                was_protected=self.protected,
            )
            self.owner.mails.append(mail)
        self._say(end)


def _address(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
