"""EDXL Distribution Element 1.0 and 2.0: an envelope that carries CAP, as Australian states publish their incidents.

An envelope lists what its sender has in force. Only the CAP alerts embedded in it are read, wherever in it they stand.

Never read: who sends it to whom, why and how confidentially, what it says about the area, descriptions of the content,
and content that is no CAP alert: all of the envelope but the alerts and dateTimeSent.

Positions count the alerts from 1, in document order: alert[3], then as in `cap`.

Source: OASIS EDXL-DE 1.0, 3.2 (EDXLDistribution, contentObject, embeddedXMLContent); EDXL-DE 2.0, 3; CAP 1.2.
"""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats._opened import Opened
from tocsin.formats._time import read_time
from tocsin.formats._xml import children, local, open_xml, text_of
from tocsin.formats.cap import NAMESPACES, read_alert
from tocsin.model import Reading

SNAPSHOT = True
_ROOT = "EDXLDistribution"
_SPACES = ("urn:oasis:names:tc:emergency:EDXL:DE:1.0", "urn:oasis:names:tc:emergency:EDXL:DE:2.0")
_ALERTS = tuple(f"{{{space}}}alert" for space in NAMESPACES)


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each embedded alert. Raises FormatError when the document is no such envelope."""
    root, problems = open_xml(body)
    if local(root) != _ROOT:
        raise FormatError("the root element is not an EDXL distribution", at="document")
    alerts = enumerate(root.iter(*_ALERTS), 1)  # of at most MAX_ELEMENTS
    items = tuple(read_alert(alert, source=source, now=now, at=f"alert[{number}]") for number, alert in alerts)
    return Reading(items=items, problems=problems, as_of=_sent(root), is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether the root element is that of a distribution, in its namespace."""
    name, space = opened.root
    return name == _ROOT and space in _SPACES


def _sent(root: etree._Element) -> datetime | None:
    text = next((text_of(child) for child in children(root, "dateTimeSent")), "")
    try:
        return read_time(text, at="dateTimeSent")[0]
    except FormatError:
        return None
