"""CAP 1.2, and 1.1 and 1.0 as far as they are still published: messages, never snapshots.

One document is one alert; an index holds several (`atom`), and so do an envelope (`edxl`) and an archive (`cap_zip`).
Infos that say the same of the same area in other languages become one event with several texts; infos that differ in
area, rating, times or codes become events of their own, numbered by `part` in document order. Where languages of one
alert differ in rating or times, the worse counts: joining may never lower or shorten. The rules are in `_alert`.

Never read, because they are about people, for insiders, or pictures: source, restriction, addresses, code, note,
incidents, audience, contact, resource, and every parameter but awareness_level, awareness_type and VTEC.

Positions in Problems are XPath, counted from 1: alert/info[2]/area[1]/polygon[3].

Source: OASIS Common Alerting Protocol 1.2, section 3.2; CAP 1.1 and 1.0, same section; MeteoAlarm CAP profile;
NWSI 10-1703 (VTEC).
"""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats import _alert
from tocsin.formats._elements import Elements
from tocsin.formats._opened import Opened
from tocsin.formats._xml import local, namespace, open_xml
from tocsin.model import Item, Problem, Reading

SNAPSHOT = False
NAMESPACES = (
    "urn:oasis:names:tc:emergency:cap:1.2",
    "urn:oasis:names:tc:emergency:cap:1.1",
    "http://www.incident.com/cap/1.0",
)
NEVER_READ = frozenset(
    {"source", "restriction", "addresses", "code", "note", "incidents", "audience", "contact", "resource", "parameter"}
)
"""Elements that no line of `_alert` asks for, but `parameter`, of which those in READ_PARAMETERS are."""


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return the one alert of a CAP document. Raises FormatError when the document is none."""
    root, problems = open_alert(body)
    item = read_alert(root, source=source, now=now, at="alert")
    return Reading(items=(item,), problems=problems, is_complete=bool(item.events))


def open_alert(body: bytes) -> tuple[etree._Element, tuple[Problem, ...]]:
    """Return the <alert> that a document is, and what had to be repaired. Raises FormatError when it is none."""
    root, problems = open_xml(body)
    if local(root) != "alert":
        raise FormatError("the root element is not a CAP alert", at="document")
    return root, problems


def claims(opened: Opened) -> bool:
    """Return whether this is an alert in one of CAP's namespaces."""
    name, space = opened.root
    return name == "alert" and space in NAMESPACES


def read_alert(alert: etree._Element, *, source: str, now: datetime, at: str) -> Item:
    """Return the item that an <alert> element is; one that cannot be read has no events and says why."""
    problems: list[Problem] = []
    if namespace(alert) not in NAMESPACES:
        problems.append(
            Problem(at=at, message="the namespace is not that of CAP; read as if it were", is_repaired=True)
        )
    return _alert.read_alert(Elements(alert, at=at, problems=problems), source=source, now=now)
