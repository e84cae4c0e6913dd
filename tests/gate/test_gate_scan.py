"""The gate's short cuts give what its rules give: on the corpora, on recorded documents, on whatever can be made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import formats, hazards
from tocsin.errors import FormatError
from tocsin.gate import rules, scan, sentences
from tocsin.gate.sentences import clean, clean_exactly, is_of_known_script, scrub, scrub_exactly
from tocsin.gate.subjects import is_barred
from tocsin.model import Event, Reading

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
CORPUS = Path(__file__).parent

PIECES = [
    *(needle for _, needle in rules.RULES.phrases.needles()),
    *rules.RULES.number_cues,
    *rules.RULES.at_words,
    *rules.RULES.dot_words,
    *(f"{host}.com/" for host in rules.RULES.social),
    *"0123456789.,;:!?@#$&<>/\\-_()[]{}'\"*%~+=\n\t\r",
    *("call 4711", "07700 900123", "2026-03-14", "www.example.org/a", "https://example.org/a?b", "mailto:x"),
    *("jo_hill at mail.example", " at mail dot example", "(at)", "data:a,b", "$$", "\n\n", "\n&&\n", "AB/CD"),
    *("Jane Reed", "JANE REED", "Union", "union leaders", "33enne", "don't", "Mr A"),
    *("str1ke", "un10n", "ѕtrike", "Ｕnion", "\u00a0", "\u200b", "\u00ad", "½", "²", "º"),
    *("…", "’", "é", "ß", "ł", "İ", "ı", "ﬁ", "\u0301", "\u0345", "\u1160", "\ud800", "٣", "३", "α", "䀀"),
    *("&amp;", "<b>", "5 < 6", "बंद", "संघ", "إضراب", "Дождь", "\x00", "\x1c", "\x85", "\u2028"),
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=24).map(" ".join) | st.lists(
    st.sampled_from(PIECES) | st.characters(), max_size=40
).map("".join)


def agree(text: str) -> bool:
    sentences._UNTOUCHED.clear()  # noqa: SLF001  what is remembered would hide what is worked out
    quick, exact = scrub(text), scrub_exactly(text)
    return (quick.text, quick.changed, quick.lost) == (exact.text, exact.changed, exact.lost)


@given(texts)
@settings(max_examples=600, deadline=None)
def test_scrub_gives_what_the_rules_give(text: str) -> None:
    assert agree(text)


@given(texts)
@settings(max_examples=300, deadline=None)
def test_clean_gives_what_the_rules_give(text: str) -> None:
    assert clean(text) == clean_exactly(text)


@given(texts)
@settings(max_examples=300, deadline=None)
def test_letters_of_known_scripts_are_known(text: str) -> None:
    cleaned = clean(text)
    assert is_of_known_script(cleaned) or not scan.is_of_known_letters(cleaned)


def test_every_letter_that_is_let_by_is_of_a_known_script() -> None:
    let_by = [char for char in map(chr, range(0x2070)) if scan.is_of_known_letters(char)]
    assert [char for char in let_by if not is_of_known_script(char)] == []


@given(texts)
@settings(max_examples=300, deadline=None)
def test_fold_of_ascii_is_fold(text: str) -> None:
    """The accent at the end makes the general way be taken, and leaves no trace."""
    plain = text.encode("ascii", "ignore").decode("ascii")
    assert hazards.fold(plain) == hazards.fold(plain + " \u0301")


@pytest.mark.parametrize("kind", ["topic", "person", "title", "named", "small topic", "first topic"])
def test_every_phrase_trips_the_scan(kind: str) -> None:
    """Each is put before a name, so that the rules for titles and callers are met; what they let by need not trip."""
    barred = [f"The{needle}Jane Reed." for listed, needle in rules.RULES.phrases.needles() if listed == kind]
    missed = [one for one in barred if is_barred(one) and not scan.may_bar(scan.look(one), one)]
    assert any(map(is_barred, barred))
    assert missed == []


def corpus_texts() -> Iterator[str]:
    for path in sorted(path for folder in ("keep", "redact", "drop") for path in (CORPUS / folder).glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield row["text"] if "text" in row else f"{row['event']}. {row['headline']}"


def test_scrub_gives_what_the_rules_give_on_the_corpus() -> None:
    assert [text for text in corpus_texts() if not agree(text)] == []


def words_of(event: Event) -> Iterator[str]:
    yield event.sender_name
    for text in event.texts:
        yield from (text.event, text.headline, text.description, text.instruction)
    for area in event.areas:
        yield area.description
        yield from (code.value for code in area.geocodes)


def recorded(shared: Path) -> Iterator[tuple[str, bytes]]:
    for line in (shared / "gate" / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["format"], row["document"].encode()
    for path in sorted((shared / "feeds" / "dev").rglob("*.*")):
        if path.suffix != ".tsv":
            yield "", path.read_bytes()


@pytest.mark.shared
def test_scrub_gives_what_the_rules_give_on_recorded_documents(shared: Path) -> None:
    seen: set[str] = set()
    for format_, body in recorded(shared):
        try:
            name = format_ if format_ in formats.FORMATS else formats.name_of(body)
            reading = formats.read(name, body, source="s", now=NOW) if name else Reading()
        except FormatError:
            continue
        seen.update(words for item in reading.items for event in item.events for words in words_of(event))
    assert len(seen) > 1_000
    assert [text for text in seen if not agree(text)] == []
