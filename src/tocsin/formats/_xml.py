"""The one XML opener: no DTD, no entities, no network, and limits on size, depth, elements and attributes.

A document with a DOCTYPE is refused whatever it says, because no feed needs one and every attack does. It is refused
from the bytes, before a parser could act on it, and once more from the tree. XInclude is never processed, and
comments and processing instructions never reach the tree.

Source: XML 1.0, 2.8 (prolog), 4.3.3 and appendix F (encodings).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from tocsin.errors import FormatError
from tocsin.model import Problem

MAX_BYTES = 10 * 2**20
MAX_DEPTH = 64
MAX_ELEMENTS = 100_000
MAX_ATTRIBUTES = 200  # of one element

_BOM = b"\xef\xbb\xbf"
# How a document begins in UTF-16: with a byte order mark, or with "<" and its other half.
UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}
_PROLOG = re.compile(rb"(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)  # what may stand before the root without harm
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
DECLARED = re.compile(rb"""(<\?xml[^>]{0,200}?encoding\s*=\s*)(["'])([A-Za-z0-9._:-]{1,40})\2""")
# Bytes that begin with "<" and no NUL are none of these, whatever the declaration says.
_WIDE = ("utf-16", "utf16", "utf-32", "utf32", "ucs", "iso-10646-ucs")
# In these every byte is a letter, so that UTF-8 taken for one of them is nonsense that no parser notices.
_ONE_BYTE = ("iso-8859", "iso8859", "latin", "windows-125", "cp125", "us-ascii", "ascii")
_LIES = "the declared encoding is not that of the bytes; read as what they are"

_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)
_count = etree.XPath("count(//*)")
_SHORTEST = len("<a/>")  # no element takes fewer bytes
_is_nested = etree.XPath("boolean(" + "/*" * 8 + ")")  # asked first: few documents are as deep as this
_is_deep = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_is_laden = etree.XPath(f"boolean(//@*[{MAX_ATTRIBUTES + 1}])")  # the attribute of that number of any element


def open_xml(body: bytes) -> tuple[etree._Element, tuple[Problem, ...]]:
    """Return the root element of a document, and what had to be repaired to read it.

    Raises FormatError with a line, never with content.
    """
    if len(body) > MAX_BYTES:
        raise FormatError(f"the document is larger than {MAX_BYTES} bytes", at="document")
    body, problems = readable(body)
    refuse_by_its_start(body)
    try:
        root = etree.fromstring(body, _PARSER)
    except etree.XMLSyntaxError as error:
        # from None, and the line only: the parser's own words quote the document.
        raise FormatError("this is not well-formed XML", at=f"line {error.lineno or 0}") from None
    _refuse_excess(root, size=len(body))
    return root, problems


def readable(body: bytes) -> tuple[bytes, tuple[Problem, ...]]:
    """Return the document from its first "<" on, with a declaration of its encoding that is true."""
    said: list[str] = []
    body = body.removeprefix(_BOM)
    stripped = body.lstrip()
    if stripped[:5] == b"<?xml" and stripped != body:
        said.append("white space stands before the XML declaration; left out")
    body = stripped
    if not body:
        raise FormatError("the document is empty", at="document")
    wide = UTF_16.get(body[:2])
    if wide:
        body = _from_utf_16(body, wide)
    declared = DECLARED.match(body)
    encoding = declared[3].decode().lower() if declared else "utf-8"
    if encoding.replace("-", "") == "utf7":
        raise FormatError("UTF-7 is refused", at="line 1")
    is_lie = not encoding.startswith("utf-16") if wide else encoding.startswith(_WIDE)
    is_lie |= encoding.startswith(_ONE_BYTE) and _is_utf_8(body)
    if declared and is_lie:
        said.append(_LIES)
    if declared and (is_lie or wide):
        body = DECLARED.sub(rb"\1\2utf-8\2", body, count=1)
    return body, tuple(Problem(at="line 1", message=message, is_repaired=True) for message in said)


def _from_utf_16(body: bytes, encoding: str) -> bytes:
    try:
        return body.decode(encoding).encode("utf-8")
    except UnicodeError:
        raise FormatError("the document is cut or not in the encoding that it begins in", at="document") from None


def _is_utf_8(body: bytes) -> bool:
    """Return whether the bytes hold a letter of UTF-8 beyond ASCII, and only sound ones."""
    try:
        return not body.isascii() and bool(body.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def refuse_by_its_start(body: bytes) -> None:
    """Raise FormatError for a page, a document type declaration, or what is no XML."""
    prolog = _PROLOG.match(body)
    start = prolog.end() if prolog else 0
    if _HTML.match(body, start):
        raise FormatError("this is an HTML page, not a feed", at="document")
    if body.startswith(b"<!", start):
        raise FormatError("a document type declaration is refused", at="document")
    if not body.startswith(b"<", start):
        raise FormatError("this is not XML", at="document")


def _refuse_excess(root: etree._Element, *, size: int) -> None:
    """Raise FormatError where a tree, read from `size` bytes, is larger than any feed's."""
    if root.getroottree().docinfo.internalDTD is not None:
        raise FormatError("a document type declaration is refused", at="document")
    if size > MAX_ELEMENTS * _SHORTEST and _count(root) > MAX_ELEMENTS:
        raise FormatError(f"more than {MAX_ELEMENTS} elements", at="document")
    if _is_nested(root) and _is_deep(root):
        raise FormatError(f"nested deeper than {MAX_DEPTH}", at="document")
    if _is_laden(root):
        raise FormatError(f"an element with more than {MAX_ATTRIBUTES} attributes", at="document")


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace; a prefix that was never declared is part of the name."""
    return str(element.tag).rpartition("}")[2]


def namespace(element: etree._Element) -> str:
    """Return an element's namespace, or ""."""
    return str(element.tag).rpartition("}")[0][1:]


def children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield the direct children of this name in the element's own namespace, in document order."""
    space = namespace(element)
    return element.iterchildren(f"{{{space}}}{name}" if space else name)


def by_name(element: etree._Element) -> dict[str, list[etree._Element]]:
    """Return the direct children in the element's own namespace under their names, in document order.

    One pass over the children: asking for each of 25 names in turn costs 25.
    """
    space = str(element.tag).rpartition("}")[0]
    found: dict[str, list[etree._Element]] = {}
    for child in element[:]:  # a list at once is quicker than one after the other
        tag = child.tag
        if not isinstance(tag, str):
            continue
        of_space, _, name = tag.rpartition("}")
        if of_space != space:
            continue
        if name in found:
            found[name].append(child)
        else:
            found[name] = [child]
    return found


def text_of(element: etree._Element) -> str:
    """Return an element's text, and that of elements within it, without white space at its ends."""
    if len(element):
        return "".join(part for part in element.itertext() if isinstance(part, str)).strip()
    text = element.text
    return text.strip() if text else ""
