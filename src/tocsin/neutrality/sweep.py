"""Looks for strings in every file of a folder, in every way in which a program could have written them.

What is packed is not unpacked: look before something packs it. Source: NEUTRALITY section 4, leftovers.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import re2

_SHORTEST = 10  # bytes; fewer in base64 stand anywhere by chance
_ALIGNED_CUT = (0, 2, 3)  # characters at which the first full one of a text begins that stands after 0, 1 or 2 bytes
_PACKED = "base64"
_MEMORY = 2**29  # bytes that a search may take; 1,000 strings in all ways take a tenth
_MOST = 2**31  # bytes of one file; a larger one is none of ours


@dataclass(frozen=True, slots=True)
class Hit:
    """A string that was found: which of those that were looked for, in which file, written how."""

    number: int
    file: Path
    written: str


@dataclass(frozen=True, slots=True)
class Swept:
    """How much was looked at, and what was found."""

    files: int
    size_bytes: int
    hits: tuple[Hit, ...]


def ways(text: str) -> Mapping[str, bytes]:
    """Return the bytes that `text` can be written as, by the name of the way."""
    plain = text.encode()
    found = {
        "UTF-8": plain,
        "UTF-16LE": text.encode("utf-16-le"),
        "UTF-16BE": text.encode("utf-16-be"),
        "JSON": json.dumps(text)[1:-1].encode(),
        "HTML": html.escape(text).encode(),
        "URL": quote(text, safe="").encode(),
        "lower case": text.lower().encode(),
        "upper case": text.upper().encode(),
    }
    for offset, cut in enumerate(_ALIGNED_CUT):
        # Without the characters that its neighbours have a part in.
        packed = base64.b64encode(bytes(offset) + plain)[cut:].rstrip(b"=")[:-1]
        if len(packed) > _SHORTEST:
            found[f"base64 at {offset}"] = packed
    return found


def sweep(paths: Iterable[Path], strings: Sequence[str]) -> Swept:
    """Return where any of `strings` stands in the files of these paths, folders with all that is in them.

    The case of letters is of no account, but in base64.
    """
    wanted = [(number, way, body) for number, text in enumerate(strings) for way, body in ways(text).items()]
    searches = (
        _Search([(number, way, body.lower()) for number, way, body in wanted if not way.startswith(_PACKED)]),
        _Search([one for one in wanted if one[1].startswith(_PACKED)]),
    )
    hits: set[tuple[int, Path, str]] = set()
    count = size = 0
    for file in sorted(_files(paths)):
        body = _read(file)
        if body is not None:
            count, size = count + 1, size + len(body)
            for search, text in zip(searches, (body.lower(), body), strict=True):
                hits |= {(number, file, way) for number, way in search.found(text)}
    return Swept(count, size, tuple(Hit(*one) for one in sorted(hits)))


class _Search:
    """Looks for many strings at once: whether any is there takes one run, which only then is asked."""

    def __init__(self, wanted: Sequence[tuple[int, str, bytes]]) -> None:
        self._wanted = wanted
        options = re2.Options()
        options.max_mem = _MEMORY
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        literals = sorted({re2.escape(body) for _, _, body in wanted})
        self._any = re2.compile(b"|".join(literals), options) if literals else None

    def found(self, text: bytes) -> Iterator[tuple[int, str]]:
        if self._any is not None and self._any.search(text):
            yield from ((number, way) for number, way, body in self._wanted if body in text)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
        elif path.is_file():
            yield path


def _read(file: Path) -> bytes | None:
    """Return what a file holds, None for one that has gone meanwhile, as the write-ahead log of a database may."""
    try:
        return file.read_bytes() if file.stat().st_size <= _MOST else None
    except FileNotFoundError:
        return None
