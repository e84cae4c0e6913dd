"""The one XML opener: no DTD, no entities, no network, and limits on size, depth, elements and attributes.

A document with a DOCTYPE is refused whatever it says, because no feed needs one and every attack does. What is
refused is refused from the bytes, before a parser could act on it.
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
_BOMS_16 = (b"\xff\xfe", b"\xfe\xff")
_HTML = re.compile(rb"\s*(?:<!--.{0,4000}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_PROLOG = re.compile(rb"(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)  # what may stand before the root without harm
_DECLARED = re.compile(rb"""(<\?xml[^>]{0,200}?encoding\s*=\s*)(["'])([A-Za-z0-9._-]{1,40})\2""")
_TOO_WIDE = (
    "utf-16",
    "utf16",
    "utf-32",
    "utf32",
    "ucs",
    "iso-10646-ucs",
)  # bytes that begin with "<" are none of these


def open_xml(body: bytes) -> tuple[etree._Element, tuple[Problem, ...]]:
    """Return the root element of a document, and what had to be repaired to read it.

    Comments and processing instructions are not in the tree. Raises FormatError with a line, never with content.
    """
    if len(body) > MAX_BYTES:
        raise FormatError(f"the document is larger than {MAX_BYTES} bytes", at="document")
    body, problems = _readable(body)
    if _HTML.match(body):
        raise FormatError("this is an HTML page, not a feed", at="document")
    prolog = _PROLOG.match(body)
    if prolog is not None and body[prolog.end() : prolog.end() + 2] == b"<!":
        raise FormatError("a document type declaration is refused", at="document")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        # from None, and the line only: the parser's own words quote the document.
        raise FormatError("this is not well-formed XML", at=f"line {error.lineno or 0}") from None
    except (ValueError, LookupError):
        raise FormatError("this is not well-formed XML", at="document") from None
    _refuse_excess(root)
    return root, problems


def _readable(body: bytes) -> tuple[bytes, tuple[Problem, ...]]:
    """Return UTF-8 (or as declared) bytes that begin with "<"."""
    if body[:2] in _BOMS_16:
        try:
            text = body.decode("utf-16")
        except UnicodeDecodeError:
            raise FormatError("the document is not in the encoding that it declares", at="document") from None
        return _DECLARED.sub(rb"\1\2utf-8\2", text.encode("utf-8", "replace")), ()
    problems = []
    body = body.removeprefix(_BOM)
    stripped = body.lstrip()
    if stripped is not body and stripped[:5] == b"<?xml":
        body = stripped
    if not body.strip():
        raise FormatError("the document is empty", at="document")
    declared = _DECLARED.match(body)
    encoding = declared[3].decode().lower() if declared else ""
    if encoding.replace("-", "") == "utf7":
        raise FormatError("UTF-7 is refused", at="line 1")
    if encoding.startswith(_TOO_WIDE):
        body = _DECLARED.sub(rb"\1\2utf-8\2", body, count=1)
        problems.append(
            Problem(at="line 1", message="the declared encoding is not that of the bytes", is_repaired=True)
        )
    return body, tuple(problems)


def _refuse_excess(root: etree._Element) -> None:
    for number, (element, depth) in enumerate(_walk(root)):
        if number >= MAX_ELEMENTS:
            raise FormatError(f"more than {MAX_ELEMENTS} elements", at=f"line {element.sourceline}")
        if depth > MAX_DEPTH:
            raise FormatError(f"nested deeper than {MAX_DEPTH}", at=f"line {element.sourceline}")
        if len(element.attrib) > MAX_ATTRIBUTES:
            raise FormatError(f"more than {MAX_ATTRIBUTES} attributes", at=f"line {element.sourceline}")


def _walk(root: etree._Element) -> Iterator[tuple[etree._Element, int]]:
    depth = 0
    for happening, element in etree.iterwalk(root, events=("start", "end")):
        if happening == "start":
            depth += 1
            yield element, depth
        else:
            depth -= 1


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return etree.QName(element).localname


def namespace(element: etree._Element) -> str:
    """Return an element's namespace, or ""."""
    return etree.QName(element).namespace or ""


def children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield the direct children of this name in the element's own namespace, in document order."""
    space = namespace(element)
    return element.iterchildren(f"{{{space}}}{name}" if space else name)


def text_of(element: etree._Element | None) -> str:
    """Return an element's own text with white space folded at both ends; "" for None."""
    if element is None:
        return ""
    return "".join(part for part in element.itertext() if isinstance(part, str)).strip()
