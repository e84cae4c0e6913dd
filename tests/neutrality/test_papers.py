"""The pre-filled papers: what is known is in them, what is not is a blank, and no address is."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from installation import build
from lxml import html

from tocsin import gate
from tocsin.cli import tocsin
from tocsin.declaration import DECLARATION
from tocsin.neutrality import paper
from tocsin.neutrality.paper import Blank, Heading, Paragraph, Table

CHANNELS = """
[[channels]]
id = "desk"
kind = "webhook"
url = "https://hooks.example.org/secret-path"
secret = "env:TOCSIN_TEST_SECRET"

[[channels]]
id = "night"
kind = "webhook"
url = "https://hooks.example.org/other"
secret = "env:TOCSIN_TEST_SECRET"
at_least = "act now"
"""
PLACES = "id,name,lat,lon,headcount\nhq,Harbour House,50.1,8.1,41\nhill,Hill School,50.2,8.2,\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = build(tmp_path)
    config.write_text(config.read_text(encoding="utf-8") + CHANNELS, encoding="utf-8")
    (tmp_path / "places.csv").write_text(PLACES, encoding="utf-8")
    return config


def typed(config: Path, *arguments: str | Path) -> Result:
    arguments = ("neutrality", "dpia", "--config", str(config), *map(str, arguments))
    return CliRunner().invoke(tocsin, list(map(str, arguments)), standalone_mode=False)


def test_what_is_configured_is_filled_in(config: Path, tmp_path: Path) -> None:
    assert typed(config, "-o", tmp_path / "dpia.md").return_value == 0
    text = (tmp_path / "dpia.md").read_text(encoding="utf-8")
    assert "no legal advice" in text
    assert "| webhook | 1 | be aware |" in text
    assert "| webhook | 1 | act now |" in text
    assert "| us-nws-alerts | US National Weather Service | official_hazard |" in text
    assert "places (2) as typed in; 1 of them with a head-count" in text
    assert "7 days after they ended" in text
    assert "24 hours after they ended" in text
    assert gate.RULESET in text
    assert "| N3-strings | pass |" in text, "the checks of the day are in it"
    assert [clause.id for clause in DECLARATION.clauses if clause.limit not in text] == []


def test_no_address_and_no_name_of_a_place_is_in_it(config: Path, tmp_path: Path) -> None:
    typed(config, "-o", tmp_path / "dpia.html")
    text = (tmp_path / "dpia.html").read_text(encoding="utf-8")
    assert [word for word in ("hooks.example.org", "@", "Harbour House", "Hill School") if word in text] == []


def test_what_only_the_controller_knows_is_a_blank(config: Path, tmp_path: Path) -> None:
    typed(config, "-o", tmp_path / "dpia.html")
    page = html.document_fromstring((tmp_path / "dpia.html").read_text(encoding="utf-8"))
    asked = " ".join(blank.text_content() for blank in page.xpath("//p[@class='blank']"))
    for wanted in ("Controller", "officer", "Lawful basis", "Likelihood", "Works council", "supervisory authority"):
        assert wanted in asked
    assert page.xpath("//title/text()") == ["Data-protection impact assessment and record of processing"]


def test_before_the_first_start(config: Path, tmp_path: Path) -> None:
    (tmp_path / "tocsin.db").unlink()
    typed(config, "-o", tmp_path / "dpia.md")
    text = (tmp_path / "dpia.md").read_text(encoding="utf-8")
    assert "There is no data yet" in text
    assert "its key is made at the first start" in text
    assert not (tmp_path / "tocsin.db").exists(), "nothing is made by writing papers"
    assert not (tmp_path / "ledger.key").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [pytest.param("dpia.docx", "must end in", id="suffix"), pytest.param("tocsin.toml", "must end in", id="other")],
)
def test_another_kind_of_file(config: Path, tmp_path: Path, name: str, said: str) -> None:
    assert said in str(typed(config, "-o", tmp_path / name).exception)


def test_a_file_that_is_there_stays_unless_told(config: Path, tmp_path: Path) -> None:
    (tmp_path / "dpia.md").write_text("mine")
    assert "is there already" in str(typed(config, "-o", tmp_path / "dpia.md").exception)
    assert (tmp_path / "dpia.md").read_text() == "mine"
    assert typed(config, "-o", tmp_path / "dpia.md", "--force").return_value == 0


def test_a_folder_that_is_not_there(config: Path, tmp_path: Path) -> None:
    assert "cannot be written" in str(typed(config, "-o", tmp_path / "gone" / "dpia.md").exception)


def test_both_forms_escape() -> None:
    blocks = (Heading(1, "A <b>"), Paragraph("a & b"), Blank("<who>?"), Table(("x",), (("a|b<",),)))
    assert "a\\|b<" in paper.markdown(blocks)
    page = paper.page(blocks)
    assert [piece for piece in ("A &lt;b&gt;", "a &amp; b", "&lt;who&gt;?", "a|b&lt;") if piece not in page] == []
