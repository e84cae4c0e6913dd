"""XML documents that are larger than memory: one element at a time, packed or not, in constant memory.

A national traffic snapshot is 161 MB of XML, 14 MB packed. It is unpacked and parsed piece by piece, and each element
that was asked for is freed, with all that stands before it, when the next one is. What holds for `_xml` holds here: no
DTD, no entities, no network; limits on size, growth when unpacked, depth, elements and attributes. A document whose
root does not begin within its first piece is refused, so that no DTD can hide behind a long comment.

Source: XML 1.0, 2.8; RFC 1952 (gzip).
"""

from __future__ import annotations

import codecs
import itertools
import zlib
from collections.abc import Iterable, Iterator

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats._xml import (
    DECLARED,
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    UTF_16,
    readable,
    refuse_by_its_start,
)
from tocsin.model import Problem, Reading

MAX_BYTES = 2**30
"""Most that a document may be unpacked. The largest known is 161 MB."""

MAX_RATIO = 200
"""Most that a document may grow when unpacked, once it is larger than `RATIO_FROM`; feeds grow tenfold."""

RATIO_FROM = 2**20
MAX_ELEMENT_BYTES = 4 * 2**20
"""Most between the end of one element and the end of the next. The largest recorded situation is 0.6 MB."""

_PIECE = 64 * 1024
_GZIP = b"\x1f\x8b"
_PROLOG_ENDS = b">"
_BEGINNING = 16 * 1024  # bytes in which a document must say what it is
_FIRST_ELEMENTS = 40

_is_excessive = etree.XPath(
    f"count(descendant::*) > {MAX_ELEMENTS} or boolean({'*/' * (MAX_DEPTH - 1)}*)"
    f" or boolean(descendant-or-self::*[count(@*) > {MAX_ATTRIBUTES}])"
)


class XmlStream:
    """One document, read once. `problems` and `root` are complete when `each` has ended; `root` is then all but empty.

    Cost: time linear in the unpacked size; memory for the largest element and its surroundings.
    """

    def __init__(self, body: bytes) -> None:
        self.problems: tuple[Problem, ...] = ()
        self.root: etree._Element | None = None
        self._body = body

    def each(self, *names: str) -> Iterator[etree._Element]:
        """Yield every element of these local names, whole, in document order. It is freed when the next is asked for.

        Raises FormatError, with a line and without content, at the place where the document cannot be read on; the
        elements before it have been yielded.
        """
        parser = etree.XMLPullParser(
            events=("end",),
            tag=[f"{{*}}{name}" for name in names],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        waiting = 0
        for piece in self._pieces():
            failed = _fed(parser, piece)
            waiting += len(piece)
            for _, element in parser.read_events():
                waiting = 0
                _refuse_excess(element)
                yield element
                _free(element)
            if failed:
                raise failed
            if waiting > MAX_ELEMENT_BYTES:
                raise FormatError(f"more than {MAX_ELEMENT_BYTES} bytes in or between elements", at="document")
        try:
            self.root = parser.close()
        except etree.XMLSyntaxError as error:
            raise _malformed(error) from None

    def _pieces(self) -> Iterator[bytes]:
        """Yield the document in UTF-8 from its first "<" on, when its beginning has been found sound."""
        pieces = _in_utf_8(_unpacked(self._body) if self._body[:2] == _GZIP else _cut(self._body))
        head = b""
        for piece in pieces:
            head += piece
            if len(head) >= _PIECE:
                break
        whole, mark, rest = head.rpartition(_PROLOG_ENDS)
        start, self.problems = readable(whole + mark if mark else rest)
        refuse_by_its_start(start)
        yield start
        yield rest if mark else b""
        yield from pieces


def _fed(parser: etree.XMLPullParser, piece: bytes) -> FormatError | None:
    """Give the parser a piece; return what ends the reading after the elements that were whole before it."""
    try:
        parser.feed(piece)
    except etree.XMLSyntaxError as error:
        return _malformed(error)
    return None


def _malformed(error: etree.XMLSyntaxError) -> FormatError:
    # The line only: the parser's own words quote the document.
    return FormatError("this is not well-formed XML", at=f"line {error.lineno or 0}")


def _refuse_excess(element: etree._Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise FormatError("a document type declaration is refused", at="document")
    if _is_excessive(element):
        raise FormatError(
            f"an element of more than {MAX_ELEMENTS} elements, {MAX_DEPTH} levels or {MAX_ATTRIBUTES} attributes",
            at=f"line {element.sourceline or 0}",
        )


def _free(element: etree._Element) -> None:
    """Empty an element and drop all that stands before it, also before those that hold it."""
    element.clear()
    for holder in (element, *element.iterancestors()):
        parent = holder.getparent()
        while parent is not None and holder.getprevious() is not None:
            del parent[0]


def _cut(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _PIECE):
        if start >= MAX_BYTES:
            raise FormatError(f"the document is larger than {MAX_BYTES} bytes", at="document")
        yield body[start : start + _PIECE]


def _unpacked(body: bytes) -> Iterator[bytes]:
    """Yield what one gzip member holds, within the limits."""
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    plain = taken = 0
    while not member.eof:
        packed = member.unconsumed_tail
        if not packed:
            packed = body[taken : taken + _PIECE]
            taken += len(packed)
        try:
            piece = member.decompress(packed, _PIECE)
        except zlib.error:
            raise FormatError("the packed document is damaged", at="document") from None
        if not piece and not packed:
            raise FormatError("the packed document breaks off", at="document")
        plain += len(piece)
        if plain > min(MAX_BYTES, max(RATIO_FROM, taken * MAX_RATIO)):
            raise FormatError(f"the document is larger than {MAX_BYTES} bytes, or grows too much", at="document")
        yield piece
    if member.unused_data or taken < len(body):
        raise FormatError("there is more after the end of the packed document", at="document")


def _in_utf_8(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a document that begins in UTF-16 in UTF-8, any other as it stands."""
    decoder: codecs.IncrementalDecoder | None = None
    for number, piece in enumerate(pieces):
        if not number and piece[:2] in UTF_16:
            decoder = codecs.getincrementaldecoder(UTF_16[piece[:2]])()
            yield DECLARED.sub(rb"\1\2utf-8\2", _decoded(decoder, piece), count=1)
        else:
            yield _decoded(decoder, piece) if decoder else piece
    if decoder:
        yield _decoded(decoder, b"", final=True)


def _decoded(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bytes:
    try:
        return decoder.decode(piece, final).encode()
    except UnicodeError:
        raise FormatError("the document is cut or not in the encoding that it begins in", at="document") from None


def beginning(body: bytes) -> list[etree._Element]:
    """Return the first elements of a document, in document order and without their ends; [] for what is no XML."""
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    try:
        for piece in itertools.islice(XmlStream(body)._pieces(), 1):  # noqa: SLF001  the same module
            _fed(parser, piece[:_BEGINNING])
    except FormatError:
        return []
    return [element for _, element in itertools.islice(parser.read_events(), _FIRST_ELEMENTS)]


def joined(parts: Iterable[Reading]) -> Reading:
    """Return the parts of one document's reading as one."""
    read = tuple(parts)
    return Reading(
        items=tuple(item for part in read for item in part.items),
        problems=tuple(problem for part in read for problem in part.problems),
        links=tuple(link for part in read for link in part.links),
        as_of=max((part.as_of for part in read if part.as_of), default=None),
        is_complete=all(part.is_complete for part in read),
    )
