"""The command line of CONTRACT.md: what stands on stdout, what on stderr, and the exit code."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from tocsin import cli, letters
from tocsin.ledger.note import open_note, parse_checkpoint, parse_vkey
from tocsin.ledger.proof import check as check_proof
from tocsin.ledger.proof import parse as parse_proof
from tocsin.model import Health, Problem
from tocsin.store import Change, Store
from worlds import HOUR, NOW, cap, quakes, stamp

PLACES = "id,name,lat,lon,timezone\nharbour,Harbour depot,50.1,8.1,Europe/Berlin\nfar,Far shop,-33.9,18.4,UTC\n"


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Said]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return a function that runs a command line in an empty folder that holds a places file and documents."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "places.csv").write_text(PLACES)
    (tmp_path / "a.cap").write_bytes(cap("a", severity="Severe"))
    (tmp_path / "test.cap").write_bytes(cap("t", status="Test"))
    (tmp_path / "bad.cap").write_bytes(cap("a")[:200])

    def call(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["tocsin", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return Said(int(ended.value.code or 0), told.out, told.err)

    return call


def test_read_prints_events_with_thread_and_whether_in_force(run: Run) -> None:
    said = run("read", "--at", stamp(NOW), "a.cap")
    assert said.code == 0
    (row,) = said.rows
    assert (row["identifier"], row["hazard"], row["in_force"]) == ("a", "wind", True)
    assert row["thread"].endswith("|warn.example.org|a|20260301T120000Z")
    assert row["areas"][0]["geometry"]["type"] == "Polygon"


def test_read_without_at_says_nothing_of_force(run: Run) -> None:
    assert "in_force" not in run("read", "a.cap").rows[0]


def test_read_names_problems_by_position_and_goes_on(run: Run) -> None:
    said = run("read", "bad.cap", "a.cap")
    assert (said.code, len(said.rows)) == (3, 1)
    assert said.err.startswith("bad.cap: problem: ")
    assert "warn.example.org" not in said.err


def test_what_is_logged_never_stands_among_the_data(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("sources", "list")
    structlog.get_logger("tocsin").info("place index made anew", code="index-not-of-these-places")
    out, err = capsys.readouterr()
    assert ("index-not-of-these-places" in out, "index-not-of-these-places" in err) == (False, True)


def test_gate_prints_a_line_for_each_item(run: Run) -> None:
    said = run("gate", "a.cap", "test.cap")
    assert [(row["file"], row["verdict"], row["rule"], len(row["events"])) for row in said.rows] == [
        ("a.cap", "pass", "listed", 1),
        ("test.cap", "drop", "not-public", 0),
    ]


def test_gate_of_an_unregistered_issuer_drops(run: Run) -> None:
    assert run("gate", "--issuer-class", "unregistered", "a.cap").rows[0]["verdict"] == "drop"


def test_gate_items_tells_what_would_be_kept(run: Run, tmp_path: Path) -> None:
    plain = {"id": "1", "format": "cap", "source_class": "official_hazard", "document": cap("a").decode()}
    packed = {**plain, "id": "2", "document": base64.b64encode(cap("t", status="Test")).decode(), "encoding": "base64"}
    unknown = {**plain, "id": "3", "format": "telex"}
    wrong = {**packed, "id": "4", "document": "%"}
    rows = [plain, packed, unknown, wrong]
    (tmp_path / "items.jsonl").write_text("\n".join([*map(json.dumps, rows), "", "{"]))
    said = run("gate", "--items", "items.jsonl")
    assert [(row["id"], row["verdict"], row["stored"] is not None) for row in said.rows] == [
        ("1", "pass", True),
        ("2", "drop", False),
        ("3", "drop", False),
    ]
    assert said.rows[1]["ledger"][0].keys() == {"v", "day", "ruleset", "commitment"}
    assert said.code == 3
    assert "items.jsonl:4" in said.err
    assert "items.jsonl:6" in said.err


EXTENSION = """
contact = "mailto:ops@example.org"
[[extra_sources]]
id = "xx-met"
publisher = "Example Weather Service"
url = "https://alerts.weather.example.gov/cap.atom"
format = "cap"
licence = "CC0"
issuer_class = "official_hazard"
jurisdiction = ["NZ"]
watches = ["weather"]
"""


def test_sources_list_and_show_tell_an_extension_from_the_catalogue(run: Run, tmp_path: Path) -> None:
    assert run("sources", "show", "xx-met").code == 2
    (tmp_path / "tocsin.toml").write_text(EXTENSION)
    origins = {row["id"]: row["origin"] for row in run("sources", "list", "--country", "NZ", "--json").rows}
    assert (origins["xx-met"], origins["nz-geonet"]) == ("extension", "catalogue")
    assert "(extension)" in run("sources", "list", "example weather").out
    assert run("sources", "show", "xx-met", "--json").rows[0]["origin"] == "extension"


def test_gate_sources_accepts_the_catalogue_only(run: Run, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "url": "https://api.weather.gov/alerts/active", "format": "nws"},
        {"id": "2", "url": "https://social.example.org/feed", "format": "atom"},
    ]
    (tmp_path / "sources.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert [row["verdict"] for row in run("gate", "--sources", "sources.jsonl").rows] == ["accept", "refuse"]


def test_check_answers_in_the_contracts_object(run: Run) -> None:
    said = run("check", "places.csv", "--feeds", "a.cap", "--at", stamp(NOW), "--json")
    (answer,) = said.rows
    assert answer.keys() == {"at", "sources", "places"}
    harbour, far = answer["places"]
    assert (harbour["state"], far["state"]) == ("danger", "quiet")
    concern = harbour["concerns"][0]
    assert (concern["family"], concern["level"], concern["relation"], concern["distance_m"]) == ("wind", 3, "inside", 0)
    assert concern["evidence"][0].keys() >= {"source", "identifier", "sent", "severity", "urgency", "area_exact"}
    assert answer["sources"][0].keys() >= {"id", "state", "as_of"}


@pytest.mark.parametrize(
    ("level", "code"), [pytest.param("act now", 0, id="below"), pytest.param("be prepared", 1, id="reached")]
)
def test_check_fails_on_the_level_that_is_named(run: Run, level: str, code: int) -> None:
    assert run("check", "places.csv", "--feeds", "a.cap", "--at", stamp(NOW), "--fail-on", level).code == code


def test_check_draws_a_table_with_the_places_own_time(run: Run) -> None:
    out = run("check", "places.csv", "--feeds", "a.cap", "--at", stamp(NOW)).out
    assert "Harbour depot" in out
    assert "CET" in out
    assert "quiet" in out


def test_check_says_blind_where_no_source_answered(run: Run, tmp_path: Path) -> None:
    line = {"at": stamp(NOW), "source": "dead", "format": "cap", "error": "http-503"}
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "index.jsonl").write_text(json.dumps(line))
    out = run("check", "places.csv", "--feeds", "archive", "--at", stamp(NOW + HOUR)).out
    assert "blind" in out


def test_replay_prints_notices_and_a_closing_summary(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "q.json").write_bytes(quakes(6.0))
    (folder / "index.jsonl").write_text(
        json.dumps({"at": stamp(NOW), "source": "us-usgs-earthquakes", "format": "usgs", "file": "q.json"})
    )
    said = run("replay", "archive", "places.csv", "--json")
    assert [(row["reason"], row["family"], row["places"]) for row in said.rows] == [
        ("first", "earthquake", ["harbour"])
    ]
    assert said.rows[0].keys() >= {"at", "reason", "channel", "family", "level", "begins", "ends", "places", "threads"}
    assert "1 polls replayed" in said.err
    assert "told: 1 first" in said.err


def test_init_writes_what_run_and_check_take(run: Run, tmp_path: Path) -> None:
    assert run("init", "new").code == 0
    assert (tmp_path / "new" / "tocsin.toml").exists()
    assert run("check", "new/places.csv", "--feeds", "a.cap", "--at", stamp(NOW), "--json").code == 0


def test_completion_prints_a_script(run: Run) -> None:
    assert "_TOCSIN_COMPLETE" in run("completion", "bash").out


def test_demo_once_prints_what_a_scenario_told(run: Run) -> None:
    rows = run("demo", "--once", "--scenario", "earthquake-revisions").rows
    assert {row["scenario"] for row in rows} == {"earthquake-revisions"}
    assert rows[0]["reason"] == "first"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["frobnicate"], "No such command", id="no-such-command"),
        pytest.param(["read", "absent.cap"], "does not exist", id="no-such-file"),
        pytest.param(["read", "--at", "soon", "a.cap"], "ISO 8601", id="no-time"),
        pytest.param(["read", "--at", "2026-01-01T00:00:00", "a.cap"], "offset", id="no-offset"),
        pytest.param(["gate"], "at least one FILE", id="gate-nothing"),
        pytest.param(["check", "a.cap", "--feeds", "a.cap"], "export .csv", id="no-places-file"),
        pytest.param(["check", "places.csv"], "tocsin init", id="no-configuration"),
        pytest.param(["check", "places.csv", "--at", "2026-01-01T00:00:00Z"], "--feeds", id="at-without-feeds"),
        pytest.param(["check", "places.csv", "--feeds", "places.csv"], "does not name its format", id="no-format"),
        pytest.param(["replay", ".", "places.csv"], "index.jsonl", id="no-archive"),
        pytest.param(["init"], "there already", id="init-twice"),
        pytest.param(["demo", "--once", "--scenario", "x"], "there is no such scenario", id="no-scenario"),
        pytest.param(["run"], "tocsin init", id="run-unconfigured"),
        pytest.param(["demo", "--port", "65536"], "65536 is not in the range", id="port-too-high"),
        pytest.param(["demo", "--port", "-1"], "-1 is not in the range", id="port-below-none"),
        pytest.param(["read", "--at", "9999-12-31T23:59:59Z", "a.cap"], "between the years", id="end-of-time"),
        pytest.param(["read", "--at", "0001-01-01T00:00:00Z", "a.cap"], "between the years", id="beginning-of-time"),
    ],
)
def test_what_cannot_run_is_one_clear_sentence(run: Run, arguments: list[str], words: str) -> None:
    said = run(*arguments)
    assert said.code == 2
    assert words in " ".join(said.err.split())
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan", "inf", "1e-300"])
def test_replay_refuses_a_speed_that_is_none(run: Run, tmp_path: Path, speed: str) -> None:
    (tmp_path / "index.jsonl").write_text(
        json.dumps({"at": stamp(NOW), "source": "x", "format": "cap", "file": "a.cap"})
    )
    assert run("replay", ".", "places.csv", "--speed", speed).code == 2


def test_a_reader_that_hangs_up_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.cap").write_bytes(cap("a"))
    command = [sys.executable, "-c", "from tocsin.cli import main; main()", "read", *["a.cap"] * 5]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:  # noqa: S603
        assert reader.stdout is not None
        reader.stdout.close()
        assert reader.stderr is not None
        assert reader.stderr.read() == b""
    assert reader.returncode == 0


HEAVY = {"fastapi", "sqlalchemy", "alembic", "lxml", "rich", "httpx2", "uvicorn", "jinja2"}


def test_help_loads_nothing_heavy() -> None:
    program = f"import sys, tocsin.cli; print(sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


# --- sources ------------------------------------------------------------------------------------------------------


def test_sources_list_searches(run: Run) -> None:
    said = run("sources", "list", "--country", "nl", "--hazard", "wind", "--json")
    assert said.code == 0
    assert "meteoalarm-netherlands" in {row["id"] for row in said.rows}
    assert all("wind" in row["families"] for row in said.rows)


def test_sources_list_draws_a_table(run: Run) -> None:
    said = run("sources", "list", "nws")
    assert "us-nws-alerts" in said.out
    assert said.err.endswith("sources\n")


def test_sources_list_of_nothing_is_no(run: Run) -> None:
    assert run("sources", "list", "nobody-is-called-so", "--json") == Said(1, "", "")


def test_sources_list_names_the_families(run: Run) -> None:
    said = run("sources", "list", "--hazard", "strike")
    assert said.code == 2
    assert "there is no such family; there are" in said.err


def test_sources_show_says_all(run: Run) -> None:
    said = run("sources", "show", "us-nws-alerts")
    assert "licence" in said.out
    assert "public domain" in said.out
    (row,) = run("sources", "show", "us-nws-alerts", "--json").rows
    assert (row["format"], row["snapshot"], row["hosts"]) == ("nws", True, ["api.weather.gov"])


def test_sources_show_names_what_a_source_repeats(run: Run) -> None:
    (row,) = run("sources", "show", "gdacs-events", "--json").rows
    assert row["mirrors"] == ["us-usgs-earthquakes"]


@pytest.mark.parametrize("verb", ["show", "probe"])
def test_sources_names_the_nearest(run: Run, verb: str) -> None:
    said = run("sources", verb, "us-nws-alert")
    assert said.code == 2
    assert "did you mean us-nws-alerts" in said.err


def test_sources_letter_from_recorded_documents(run: Run, tmp_path: Path) -> None:
    document = cap("a").replace(b"+00:00</sent>", b"</sent>")
    (tmp_path / "faulty.cap").write_bytes(document)
    said = run("sources", "letter", "us-nws-alerts", "--feeds", "faulty.cap", "--feeds", "bad.cap")
    assert said.code == 0
    assert said.out.startswith("To: US National Weather Service")
    assert "Write every time with its offset" in " ".join(said.out.split())
    assert "Write the document with a JSON library" in " ".join(said.out.split())


def test_sources_letter_from_what_was_collected(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('contact = "mailto:ops@example.org"\nsources = ["us-nws-alerts"]\n')
    assert "is not there yet" in run("sources", "letter", "us-nws-alerts").err
    problem = Problem(at="alert/sent", message="the time has no offset and was read as UTC", is_repaired=True)
    with Store.open(tmp_path / "tocsin.db") as store:
        store.commit(Change(faults=letters.faults("us-nws-alerts", [problem], day=NOW.date())), now=NOW)
    assert "1. The time has no offset" in run("sources", "letter", "us-nws-alerts").out
    assert "no fault" in run("sources", "letter", "us-usgs-earthquakes").out


def test_check_goes_on_after_a_document_that_names_no_format(run: Run) -> None:
    said = run("check", "places.csv", "--feeds", "places.csv", "--feeds", "a.cap", "--at", stamp(NOW), "--json")
    assert said.code == 3
    assert "places.csv: problem: the content does not name its format" in said.err
    assert said.rows[0]["places"][0]["state"] == "danger"


def test_check_shows_what_is_odd_about_a_feed_in_words(run: Run, tmp_path: Path) -> None:
    (tmp_path / "late.cap").write_bytes(cap("late", expires=NOW - HOUR, sent=NOW - 3 * HOUR))
    arguments = ("check", "places.csv", "--feeds", "late.cap", "--at", stamp(NOW))
    (source,) = run(*arguments, "--json").rows[0]["sources"]
    assert [flag["flag"] for flag in source["flags"]] == ["late"]
    assert "already over" in " ".join(run(*arguments).out.split())


NO_SECRET = (
    'contact = "mailto:ops@example.org"\nsources = ["us-nws-alerts"]\n[[channels]]\nid = "desk"\n'
    'kind = "webhook"\nurl = "https://hooks.example.org/x"\nsecret = "env:TOCSIN_NO_SUCH_SECRET"\n'
)


def test_run_says_that_a_secret_is_missing_before_an_address(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text(NO_SECRET)
    said = run("run")
    assert said.code == 2
    assert "TOCSIN_NO_SUCH_SECRET is empty or not set" in said.err
    assert "http://" not in said.err


def test_a_log_line_goes_to_the_stderr_of_its_moment(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tocsin.toml").write_text(NO_SECRET)
    with contextlib.redirect_stderr(io.StringIO()) as first:
        run("run")
    first.close()  # the stderr of that command is gone; what is logged next must not die of it
    structlog.get_logger("tocsin").info("still here")
    assert "still here" in capsys.readouterr().err


# --- coverage -----------------------------------------------------------------------------------------------------


def _configured(folder: Path, *sources: str) -> None:
    names = ", ".join(f'"{name}"' for name in sources)
    (folder / "tocsin.toml").write_text(f'contact = "mailto:ops@example.org"\nsources = [{names}]\n')


def test_coverage_says_who_watches_and_what_nobody_watches(run: Run, tmp_path: Path) -> None:
    _configured(tmp_path, "us-usgs-earthquakes", "meteoalarm-germany")
    said = run("coverage", "places.csv", "--json")
    assert said.code == 0
    (answer,) = said.rows
    assert answer["has_states"] is False
    groups = {tuple(group["places"]): {row["family"]: row for row in group["families"]} for group in answer["groups"]}
    assert groups.keys() == {("harbour",), ("far",)}
    harbour = groups["harbour",]
    assert harbour["wind"]["state"] == "watched"
    assert harbour["wind"]["sources"] == [{"id": "meteoalarm-germany", "state": ""}]
    assert harbour["volcano"]["state"] == "unwatched"
    assert groups["far",]["wind"]["state"] == "unwatched"
    assert groups["far",]["earthquake"]["sources"] == [{"id": "us-usgs-earthquakes", "state": ""}]
    assert not (tmp_path / "tocsin.db").exists()


def test_coverage_takes_the_states_from_the_database(run: Run, tmp_path: Path) -> None:
    _configured(tmp_path, "us-usgs-earthquakes", "meteoalarm-germany")
    with Store.open(tmp_path / "tocsin.db") as store:
        fresh = Health(source="us-usgs-earthquakes", succeeded=datetime.now(UTC))
        store.commit(Change(health=(fresh, Health(source="meteoalarm-germany", succeeded=NOW))), now=NOW)
    (answer,) = run("coverage", "places.csv", "--json").rows
    rows = {row["family"]: row for row in answer["groups"][0]["families"]}
    assert rows["earthquake"]["sources"] == [{"id": "us-usgs-earthquakes", "state": "working"}]
    assert rows["wind"]["state"] == "blind"
    assert rows["wind"]["sources"] == [{"id": "meteoalarm-germany", "state": "no-answer"}]
    table = " ".join(run("coverage", "places.csv").out.split())
    assert "meteoalarm-germany has given no good answer for too long" in table
    assert "no configured source watches it" in table


def test_coverage_groups_places_that_the_same_sources_cover(run: Run, tmp_path: Path) -> None:
    _configured(tmp_path, "us-usgs-earthquakes")
    rows = "".join(f"p{n},Place {n},{50 + n / 1000},8.1,UTC\n" for n in range(300))
    (tmp_path / "many.csv").write_text("id,name,lat,lon,timezone\n" + rows)
    (group,) = run("coverage", "many.csv", "--json").rows[0]["groups"]
    assert len(group["places"]) == 300
    assert "and 297 more places" in run("coverage", "many.csv").out


# --- the ledger ---------------------------------------------------------------------------------------------------


def test_ledger_is_shown_proved_and_exported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('contact = "mailto:ops@example.org"\nsources = ["us-nws-alerts"]\n')
    assert "is not there yet" in run("ledger", "head").err
    with Store.open(tmp_path / "tocsin.db") as store:
        store.commit(Change(is_start=True), now=NOW)
        assert "nothing has been signed yet" in run("ledger", "export", "out").err
        store.sign_ledger(store.verify_ledger(), at=NOW)
    vkey = run("ledger", "key").out.strip()
    (row,) = run("ledger", "head").rows
    assert (row["size"], row["signed_size"], row["root"]) == (2, 2, row["signed_root"])
    assert json.loads(run("ledger", "show", "0").out)["kind"] == "start"
    assert run("ledger", "show", "2").code == 2
    assert "is not signed yet" in run("ledger", "prove", "2").err
    assert run("ledger", "export", "out").err.startswith("2 entries, root ")
    assert "is not empty" in run("ledger", "export", "out").err
    opened = open_note((tmp_path / "out/checkpoint").read_bytes(), [parse_vkey(vkey)])
    assert parse_checkpoint(opened.text).root.hex() == row["root"]
    assert (tmp_path / "ledger.key").stat().st_mode & 0o777 == 0o600


def test_ledger_key_is_rotated(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('contact = "mailto:a@example.org"\nsources = ["us-usgs-earthquakes"]\n')
    with Store.open(tmp_path / "tocsin.db") as store:
        assert "restore it from its backup" in run("ledger", "rotate").err
        assert not (tmp_path / "ledger.key").exists(), "a key of another name would be another log"
        old = run("ledger", "key").out.strip()
        new = run("ledger", "rotate")
        assert run("ledger", "key").out.splitlines() == [old, new.out.strip()]
        assert "both keys sign for 90 days" in new.err
        assert run("ledger", "rotate").code == 2
        assert [json.loads(one.leaf)["kind"] for one in store.ledger_entries()] == ["key-rotated"]
        store.sign_ledger(store.verify_ledger(), at=NOW)
    run("ledger", "export", "out")
    known = [parse_vkey(old), parse_vkey(new.out.strip())]
    assert len(open_note((tmp_path / "out/checkpoint").read_bytes(), known).signatures) == 2
    assert (tmp_path / "ledger.key.next").stat().st_mode & 0o777 == 0o600


def test_ledger_proof_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('contact = "mailto:ops@example.org"\nsources = ["us-nws-alerts"]\n')
    with Store.open(tmp_path / "tocsin.db") as store:
        store.commit(Change(is_start=True), now=NOW)
        store.sign_ledger(store.verify_ledger(), at=NOW)
        entry, _ = store.ledger_entries()
    command = [sys.executable, "-c", "from tocsin.cli import main; main()", "ledger"]
    told = {
        verb: subprocess.run(  # noqa: S603  our own program
            [*command, *verb.split()], cwd=tmp_path, capture_output=True, check=True
        ).stdout
        for verb in ("prove 0", "key")
    }
    checkpoint, _ = check_proof(parse_proof(told["prove 0"]), entry.leaf, log=parse_vkey(told["key"].decode()))
    assert checkpoint.size == 2
