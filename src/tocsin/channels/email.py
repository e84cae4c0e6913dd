"""Mail by SMTP: text and HTML, marked as automatic, under a Message-ID that is the notice's id.

The certificate of the mail server is always checked. Recipients stand in the envelope only, so that those who get a
mail are not shown one another. An address is never written into an error.

Source: RFC 5321 (SMTP; reply codes in 4.2.1), RFC 5322 (messages), RFC 3834 (Auto-Submitted), RFC 8314 (TLS).
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import ssl
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from tocsin.channels.contract import Channel, Secret, check_notice_id
from tocsin.errors import ConfigError, DeliveryError

if TYPE_CHECKING:
    from tocsin.render import Message

TIMEOUT_S = 30.0
SECURITIES = ("starttls", "tls", "none")
MAX_SUBJECT = 200
_PERMANENT = 500

# What an address may be here: enough for every mailbox of an organisation, and no way into a header or a command.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,253}$)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSettings:
    """What mail needs."""

    host: str = field(metadata={"about": "the mail server that takes our mail"})
    sender: str = field(repr=False, metadata={"about": "the address that the mails come from"})
    recipients: tuple[str, ...] = field(repr=False, metadata={"about": "the addresses that get every notice"})
    security: str = field(
        default="starttls", metadata={"about": 'how the connection is protected: "starttls", "tls" or "none"'}
    )
    port: int = field(default=0, metadata={"about": "the server's port; 0 means 587, 465 or 25, as security has it"})
    user: str = field(default="", repr=False, metadata={"about": "the account to log in with, where one is needed"})
    password: Secret | None = field(
        default=None, metadata={"about": 'the password of that account, as "env:NAME" or "file:PATH"'}
    )

    def __post_init__(self) -> None:
        if self.security not in SECURITIES:
            raise ConfigError(f"security: must be one of {', '.join(SECURITIES)}")
        if not all(_ADDRESS.fullmatch(address) for address in (self.sender, *self.recipients)):
            raise ConfigError("sender, recipients: each must be one plain address such as desk@example.org")
        if bool(self.user) != (self.password is not None):
            raise ConfigError("user, password: one needs the other")
        if self.user and self.security == "none":
            raise ConfigError("security: a password is never sent over an unprotected connection")


PORTS: Mapping[str, int] = {"starttls": 587, "tls": 465, "none": 25}


class Email(Channel):
    """Mail to a fixed list of recipients."""

    settings_type = EmailSettings
    remembered = 1000

    def __init__(
        self, settings: EmailSettings, *, tls: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._settings = settings
        self._password = settings.password.reveal() if settings.password else ""
        self._domain = settings.sender.rpartition("@")[2]
        self._tls = tls or ssl.create_default_context()
        self._timeout_s = timeout_s
        # Who already has a notice of which others are still to be tried. Lost at a restart: then they get a repeat,
        # under the same Message-ID.
        self._have: OrderedDict[str, frozenset[str]] = OrderedDict()

    async def send(self, notice_id: str, message: Message, *, now: datetime) -> None:
        """Hand the mail to the server for every recipient who does not have it. Raises DeliveryError."""
        mail = self._compose(check_notice_id(notice_id), message, now)
        had = self._have.get(notice_id, frozenset())
        missing = [one for one in self._settings.recipients if one not in had]
        refused = await asyncio.to_thread(self._transmit, mail, missing)
        self._have[notice_id] = had | (set(missing) - refused.keys())
        while len(self._have) > self.remembered:
            self._have.popitem(last=False)
        if refused:
            raise DeliveryError(
                f"the mail server refused {len(refused)} of {len(self._settings.recipients)} recipients",
                retry=any(code < _PERMANENT for code in refused.values()),
            )

    def _compose(self, notice_id: str, message: Message, now: datetime) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._settings.sender
        mail["To"] = "undisclosed-recipients:;"
        mail["Subject"] = _BREAKS.sub(" ", message.subject).strip()[:MAX_SUBJECT]
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{notice_id}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        mail.add_alternative(message.html, subtype="html")
        return mail

    def _transmit(self, mail: EmailMessage, recipients: list[str]) -> dict[str, int]:
        """Return the reply code for each recipient whom the server refused; blocks, so it runs in a thread."""
        try:
            server = self._connect()
            try:
                refused = self._hand_over(server, mail, recipients)
            finally:
                _hang_up(server)
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(
                f"the mail server answered {error.smtp_code}", retry=error.smtp_code < _PERMANENT
            ) from None
        except smtplib.SMTPNotSupportedError:
            raise DeliveryError("the mail server offers no STARTTLS or no login", retry=False) from None
        except ssl.SSLError:
            raise DeliveryError("the mail server's certificate or its TLS is not good", retry=True) from None
        except (smtplib.SMTPException, OSError):
            raise DeliveryError("the mail server cannot be reached, or broke off", retry=True) from None
        return {address: code for address, (code, _) in refused.items()}

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        port = settings.port or PORTS[settings.security]
        # Without a name of our own smtplib would ask the resolver for one at every mail.
        if settings.security == "tls":
            return smtplib.SMTP_SSL(
                settings.host, port, local_hostname=self._domain, timeout=self._timeout_s, context=self._tls
            )
        return smtplib.SMTP(settings.host, port, local_hostname=self._domain, timeout=self._timeout_s)

    def _hand_over(
        self, server: smtplib.SMTP, mail: EmailMessage, recipients: list[str]
    ) -> Mapping[str, tuple[int, bytes]]:
        if self._settings.security == "starttls":
            server.starttls(context=self._tls)
        if self._settings.user:
            server.login(self._settings.user, self._password)
        try:
            return server.send_message(mail, self._settings.sender, recipients)
        except smtplib.SMTPRecipientsRefused as error:
            return error.recipients


def _hang_up(server: smtplib.SMTP) -> None:
    """End the session. A mail that was taken stays taken, whatever the server says to QUIT."""
    with suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()
