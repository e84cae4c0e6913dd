"""A document of a few kinds of blocks, written as Markdown or as one HTML page."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BLANK = "▢"
"""Marks what only the controller can know. It is asked for, never filled in."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; the first of a document is its title."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Blank:
    """A question to the controller, with room for the answer."""

    question: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Heading | Paragraph | Blank | Table


def markdown(blocks: Iterable[Block]) -> str:
    """Return the document in Markdown."""
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * level} {text}"
        case Paragraph(text):
            return text
        case Blank(question):
            return f"{BLANK} **{question}** ______________________________"
        case Table(head, rows):
            lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
            return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#14202b}
table{border-collapse:collapse;width:100%;font-size:14px}th,td{border:1px solid #aab6c1;padding:4px 8px;text-align:left;
vertical-align:top}.blank{border:2px solid #c2410c;padding:8px 12px 3.5em}h2{margin-top:2em}
tr,.blank{break-inside:avoid}"""


def page(blocks: Sequence[Block]) -> str:
    """Return the document as one HTML page that needs nothing else; its first heading is the title."""
    title = next(block.text for block in blocks if isinstance(block, Heading))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n" + "\n".join(map(_html, blocks)) + "\n</body></html>\n"
    )


def _html(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"<h{level}>{html.escape(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{html.escape(text)}</p>"
        case Blank(question):
            return f'<p class="blank">{BLANK} <b>{html.escape(question)}</b></p>'
        case Table(head, rows):
            lines = [_line("th", head), *(_line("td", row) for row in rows)]
            return f"<table>{''.join(lines)}</table>"


def _line(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
