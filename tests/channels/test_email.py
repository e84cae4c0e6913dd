"""Mail against a server that refuses as real ones do."""

from __future__ import annotations

import asyncio
import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, cast

import pytest
from mail_server import MailServer
from messages import message

from certificates import authority, server_context
from tocsin.channels.contract import Secret
from tocsin.channels.email import Email, EmailSettings
from tocsin.errors import DeliveryError

NOW = datetime(2021, 12, 10, 23, 0, tzinfo=UTC)


def channel(server: MailServer, **fields: Any) -> Email:
    options = {name: fields.pop(name) for name in ("tls", "timeout_s") if name in fields}
    settings = EmailSettings(
        **{
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "sender": "tocsin@example.org",
            "recipients": ("a@example.org", "b@example.org"),
            **fields,
        }
    )
    return Email(settings, **options)


def send(to: Email, notice: str = "n-1", **texts: Any) -> None:
    asyncio.run(to.send(notice, message(**texts), now=NOW))


def sent(server: MailServer) -> EmailMessage:
    (mail,) = server.mails
    return email.message_from_bytes(mail.content, policy=email.policy.default)


def test_email_carries_the_notice_in_its_headers() -> None:
    with MailServer() as server:
        send(channel(server), subject="Tornado: Act now · Lager Köln")
        mail = sent(server)
    assert {name: mail[name] for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")} == {
        "From": "tocsin@example.org",
        "To": "undisclosed-recipients:;",
        "Subject": "Tornado: Act now · Lager Köln",
        "Date": "Fri, 10 Dec 2021 23:00:00 +0000",
        "Message-ID": "<n-1@example.org>",
        "Auto-Submitted": "auto-generated",
    }


def test_email_has_text_and_html() -> None:
    with MailServer() as server:
        send(channel(server), text="Go to the shelter.\n.\nNow: größer.", html="<p>Go</p>")
        mail = sent(server)
    text, html = (cast("EmailMessage", part).get_content().splitlines() for part in mail.iter_parts())
    assert (text, html) == (["Go to the shelter.", ".", "Now: größer."], ["<p>Go</p>"])


def test_email_envelope_names_every_recipient() -> None:
    with MailServer() as server:
        send(channel(server))
        assert server.mails[0].recipients == ("a@example.org", "b@example.org")


@pytest.mark.parametrize(
    "mark",
    [
        pytest.param("\r\n", id="crlf"),
        pytest.param("\n", id="lf"),
        pytest.param("\r", id="cr"),
        pytest.param("\u2028", id="line-separator"),
        pytest.param("\x85", id="next-line"),
        pytest.param("\x00", id="nul"),
    ],
)
def test_email_subject_cannot_become_a_header(mark: str) -> None:
    with MailServer() as server:
        send(channel(server), subject=f"Storm{mark}Bcc: c@example.org")
        mail = sent(server)
    assert (mail["Subject"], mail["Bcc"]) == ("Storm Bcc: c@example.org", None)


def test_email_cuts_a_long_subject() -> None:
    with MailServer() as server:
        send(channel(server), subject="x" * 5000)
        assert len(sent(server)["Subject"]) == 200


def test_email_repeat_has_the_same_message_id() -> None:
    with MailServer() as server:
        send(channel(server))
        send(channel(server))
        first, second = (email.message_from_bytes(mail.content)["Message-ID"] for mail in server.mails)
    assert first == second


@pytest.mark.parametrize(
    ("replies", "retry"),
    [
        pytest.param({"MAIL": ["451 later"]}, True, id="sender-later"),
        pytest.param({"MAIL": ["550 no"]}, False, id="sender-refused"),
        pytest.param({"RCPT": ["450 greylisted", "450 greylisted"]}, True, id="greylisted"),
        pytest.param({"RCPT": ["550 unknown", "550 unknown"]}, False, id="recipients-unknown"),
        pytest.param({"DATA": ["421 closing"]}, True, id="data-later"),
        pytest.param({"END": ["452 disk full"]}, True, id="content-later"),
        pytest.param({"END": ["554 refused"]}, False, id="content-refused"),
        pytest.param({"END": [""]}, True, id="hung-up"),
        pytest.param({"MAIL": [""]}, True, id="hung-up-early"),
    ],
)
def test_email_refused(replies: dict[str, list[str]], retry: bool) -> None:
    with MailServer(replies=replies) as server:
        with pytest.raises(DeliveryError) as raised:
            send(channel(server))
        assert (raised.value.retry, server.mails) == (retry, [])


def test_email_taken_is_taken_whatever_the_server_says_to_quit() -> None:
    with MailServer(replies={"QUIT": ["554 no"]}) as server:
        send(channel(server))
        assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("reply", "retry"), [pytest.param("450 later", True, id="later"), pytest.param("550 no", False, id="for-good")]
)
def test_email_refused_for_one_recipient(reply: str, retry: bool) -> None:
    with MailServer(rcpt={"b@example.org": reply}) as server:
        with pytest.raises(DeliveryError, match="1 of 2 recipients") as raised:
            send(channel(server))
        assert (raised.value.retry, server.mails[0].recipients) == (retry, ("a@example.org",))


def test_email_second_attempt_is_for_those_only_who_missed_the_first() -> None:
    with MailServer(replies={"RCPT": ["250 ok", "450 greylisted"]}) as server:
        to = channel(server)
        with pytest.raises(DeliveryError):
            send(to)
        send(to)
        assert [mail.recipients for mail in server.mails] == [("a@example.org",), ("b@example.org",)]


def test_email_remembers_only_so_many_notices() -> None:
    with MailServer() as server:
        to = channel(server)
        to.remembered = 1
        for notice in ("n-1", "n-2", "n-1"):
            send(to, notice)
        assert [mail.recipients[0] for mail in server.mails] == ["a@example.org"] * 3


def test_email_error_holds_no_address() -> None:
    refusal = {"b@example.org": "550 b@example.org is unknown"}
    with MailServer(rcpt=refusal) as server, pytest.raises(DeliveryError) as raised:
        send(channel(server))
    assert "@" not in str(raised.value)


def test_email_says_that_the_server_cannot_be_reached() -> None:
    with MailServer() as server:
        to = channel(server)
    with pytest.raises(DeliveryError, match="cannot be reached") as raised:
        send(to)
    assert raised.value.retry


# --- protection ---------------------------------------------------------------------------------------------------


def test_email_by_starttls() -> None:
    with MailServer(starttls=server_context("localhost")) as server:
        send(channel(server, host="localhost", security="starttls", tls=authority()))
        assert server.mails[0].was_protected


def test_email_by_tls() -> None:
    with MailServer(tls=server_context("localhost")) as server:
        send(channel(server, host="localhost", security="tls", tls=authority()))
        assert server.mails[0].was_protected


def test_email_refuses_a_server_without_starttls() -> None:
    with MailServer() as server:
        with pytest.raises(DeliveryError, match="no STARTTLS") as raised:
            send(channel(server, security="starttls"))
        assert (raised.value.retry, server.mails) == (False, [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_email_refuses_a_bad_certificate(security: str) -> None:
    context = server_context("other.test")
    with MailServer(starttls=context, tls=context if security == "tls" else None) as server:
        with pytest.raises(DeliveryError, match="certificate") as raised:
            send(channel(server, host="localhost", security=security, tls=authority()))
        assert (raised.value.retry, server.mails) == (True, [])


def test_email_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "word")
    fields = {"user": "tocsin", "password": Secret("env:MAIL_PASSWORD")}
    with MailServer(starttls=server_context("localhost"), auth=True) as server:
        send(channel(server, host="localhost", security="starttls", tls=authority(), **fields))
        assert (len(server.mails), "AUTH" in server.verbs) == (1, True)


def test_email_wrong_password_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "word")
    fields = {"user": "tocsin", "password": Secret("env:MAIL_PASSWORD")}
    made = MailServer(starttls=server_context("localhost"), auth=True, replies={"AUTH": ["535 no"]})
    with made as server, pytest.raises(DeliveryError, match="535") as raised:
        send(channel(server, host="localhost", security="starttls", tls=authority(), **fields))
    assert not raised.value.retry
