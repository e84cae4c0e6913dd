"""DATEX II situation publications, versions 1 to 3: one item for each situation, one event for each of its records.

CEN/TS 16157-3:2018 and EN 16157 (v2.0-2.3, d2LogicalModel; v3.0-3.7, messageContainer, bare payload or
SituationPublication; https://docs.datex2.eu). Elements are found by their local names, because publishers use
namespaces of their own (Spain's levelC), prefixes that they never declare, SOAP 1.1 and 1.2 around it, or no namespace.

A document is a snapshot: it lists every situation that is known, and one that is missing has ended. It is read in a
stream: the Dutch one is 161 MB. It may come packed (gzip).

An event is named by the ids of its situation and its record; `sent` is the record's version time, so that a later
version supersedes an earlier one. All records of a situation are one thread. What has no end is in force until it is
listed no longer. Where a record holds only at certain times of its validity, the outer bounds stand and a sentence
says so.

Never read: comments for others than the public (internalNote, dataProcessingNote, other, nonGeneralPublicComment) and
those that begin as a contact or hold a mail address or telephone number, because they name site staff; the creation
reference, the source's name and links, because they name persons and firms; descriptions of the cause in words;
vehicles and persons involved; alternative routes. What a record is, and its cause, is said by code only; the gate
decides what of that may stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats._local import LocalElements
from tocsin.formats._opened import Opened
from tocsin.formats._stream import XmlStream, joined
from tocsin.formats._xml import namespace
from tocsin.formats.datex2._record import Publication, events_of, has_unread
from tocsin.model import Item, Problem, Reading

SNAPSHOT = True
AHEAD_AT_MOST = timedelta(days=1)
_PUBLICATIONS = {"payloadPublication", "payload", "SituationPublication"}
_ROOTS = {"d2LogicalModel", "messageContainer", "SituationPublication"}
_DATEX = ("datex2.eu/", "levelc/schema/")


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each situation. Raises FormatError when this is no publication of situations."""
    return joined(stream(body, source=source, now=now))


def stream(body: bytes, *, source: str, now: datetime) -> Iterator[Reading]:
    """Yield what `read` returns, a situation at a time, and last what is said of the whole."""
    document = XmlStream(body)
    publication, holder = Publication(), None
    number = 0
    try:
        for number, element in enumerate(document.each("situation"), 1):
            if element.getparent() is not holder:
                holder = element.getparent()
                publication = _publication(holder)
            yield _part(element, publication, number=number, source=source)
    except FormatError as error:
        if not number:
            raise
        yield Reading(problems=(Problem(at=error.at, message=error.message),), is_complete=False)
        return
    if not number:
        publication = _empty_publication(document.root)
    as_of, problems = publication.as_of, document.problems
    if as_of and as_of > now + AHEAD_AT_MOST:
        problems += (Problem(at="publicationTime", message="the document says that it was made days from now"),)
    yield Reading(problems=problems, as_of=as_of)


def claims(opened: Opened) -> bool:
    """Return whether the first elements are those of a publication of situations in DATEX II."""
    if not any(_is_situations(element) for element in opened.beginning):
        return False
    return any(
        LocalElements.local_of(element) in _ROOTS or any(mark in namespace(element).casefold() for mark in _DATEX)
        for element in opened.beginning
    )


def _is_situations(element: etree._Element) -> bool:
    """Return whether this element is a publication of situations, by its xsi:type or its name."""
    named = LocalElements(element, at="", problems=[])
    if named.name not in _PUBLICATIONS:
        return False
    return (named.xsi_type() or named.name) in {"SituationPublication", "payload", "payloadPublication"}


def _publication(element: etree._Element | None) -> Publication:
    """Return what a publication says before its first situation."""
    if element is None:
        return Publication()
    named = LocalElements(element, at=LocalElements.local_of(element), problems=[])
    creator = next(iter(named.at_path("publicationCreator", "nationalIdentifier")), None)
    return Publication(
        language=named.attribute("lang"),
        sender=creator.own_text()[:100] if creator else "",
        as_of=named.time("publicationTime"),
    )


def _empty_publication(root: etree._Element | None) -> Publication:
    """Return what a document without situations says of itself. Raises FormatError when it is none of them."""
    if root is None:
        raise FormatError("this is no publication of situations", at="document")
    for element in root.iter(etree.Element):
        if _is_situations(element):
            return _publication(element)
    raise FormatError("this is no publication of situations", at="document")


def _part(element: etree._Element, publication: Publication, *, number: int, source: str) -> Reading:
    at = f"situation[{number}]"
    problems: list[Problem] = []
    situation = LocalElements(element, at=at, problems=problems)
    try:
        events = events_of(situation, publication, source=source)
    except FormatError as error:
        problems.append(Problem(at=error.at or at, message=error.message))
        events = ()
    item = Item(at=at, events=events, has_unread=has_unread(situation), problems=tuple(problems))
    return Reading(items=(item,), is_complete=bool(events))
