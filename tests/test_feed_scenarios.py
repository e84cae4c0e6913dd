"""Feeds that misbehave, each with what must and what must not come of it, played through the real loops.

The scenarios are those recorded beside the checkout and our own in `feed_scenarios.json`. Every sentence of their
`must` and `must_not` is a check of the same name; one without a check fails, so that new scenarios are seen.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from shapely import Point

from feed_scenarios import CADENCE, DAY, FEED, VALLEY, Played, Seen, Step, moments, play
from tocsin.fetch import FULL_EVERY
from tocsin.model import Code, Level, Place

EXPIRES = DAY + timedelta(hours=22)
BOUND = 4 * CADENCE  # three declared cadences and one poll
LOS_ANGELES = Place(
    id="los-angeles-depot",
    name="Los Angeles depot",
    geometry=Point(-118.2, 34.0),
    geocodes=(Code("ISO3166-1", "US"), Code("ISO3166-2", "US-CA")),
)
PLACES = {"d-poly-missing": LOS_ANGELES}

Check = Callable[[Played], bool]


# --- from words to steps ------------------------------------------------------------------------------------------


def steps_of(scenario: Mapping[str, Any]) -> list[Step]:
    """Return the steps that the words of a scenario mean."""
    return [step for number, one in enumerate(scenario["steps"]) for step in _steps(scenario, one, number)]


def _steps(scenario: Mapping[str, Any], one: Mapping[str, Any], number: int) -> Iterable[Step]:
    note = one.get("note", "")
    docs = [document.encode() for document in one["docs"]]
    known = {"", "stale snapshot", "empty feed"}
    updated = re.fullmatch(r"feed <updated> (?:still )?(\d\d:\d\d)(?:, cadence was 5 min)?", note)
    location = re.fullmatch(r"Location: (\S+)", note)
    assert note in known or updated or location, f"a note that is not understood: {note}"
    clock = re.search(r"\(clock reads (\d\d:\d\d)\)", one["at"])
    when = moments(one["at"].partition(" (")[0])
    before = scenario["steps"][0]["at"] if note == "stale snapshot" and number else None
    step = Step(
        moments=when,
        http=one["http"],
        docs=docs,
        off=moments(clock[1])[0] - when[0] if clock else timedelta(),
        updated=moments(updated[1])[0] if updated else moments(before)[0] if before else None,
        location=location[1] if location else "",
        is_raw=len(docs) == 1 and not docs[0].rstrip().endswith(b"</alert>"),
    )
    yield step
    if one["http"] == 304:
        yield Step(moments=[when[-1] + n * CADENCE for n in range(1, FULL_EVERY + 1)], http=304, docs=[changed(docs)])


def changed(_: Sequence[bytes]) -> bytes:
    """Return the alert that a server which says "not modified" keeps from us."""
    return _ALERT.encode()


_ALERT = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>d-z</identifier>
<sender>warn@example.org</sender><sent>2026-11-20T10:05:00+00:00</sent><status>Actual</status><msgType>Alert</msgType>
<scope>Public</scope><info><language>en</language><category>Met</category><event>Flood Warning</event>
<urgency>Immediate</urgency><severity>Extreme</severity><certainty>Observed</certainty>
<expires>2026-11-20T22:00:00+00:00</expires><area><areaDesc>Valley</areaDesc>
<polygon>50.0,8.0 50.0,8.2 50.2,8.2 50.2,8.0 50.0,8.0</polygon></area></info></alert>"""


# --- what must and must not be ------------------------------------------------------------------------------------


def told(*numbers: int) -> Check:
    return lambda played: len(played.about_dangers) in numbers


def never(*reasons: str) -> Check:
    return lambda played: not set(reasons) & set(played.reasons)


def flagged(flag: str) -> Check:
    """The feed carries the flag, in plain words, and the log says so."""
    return lambda played: (
        flag in played.flags
        and any(len(note) > 20 for note in played.seen[-1].overview["sources"][0]["notes"])
        and any(entry.get("flag") == flag for entry in played.log)
    )


def all_of(*checks: Check) -> Check:
    return lambda played: all(check(played) for check in checks)


def in_force(seen: Seen) -> bool:
    return bool(seen.concerns)


def level_told(played: Played) -> list[int]:
    return [int(notice.level) for notice in played.about_dangers]


def shown_as_reissue(played: Played) -> bool:
    return [one["reissue_of"] for one in played.evidence(played.seen[-1])].count("d-a") == 1


def kept_until_expiry(played: Played) -> bool:
    before = [seen for seen in played.seen if seen.at < EXPIRES]
    return all(map(in_force, before)) and len(before) > 1


def marked_unlisted(played: Played) -> bool:
    later = [seen for seen in played.seen if DAY + timedelta(hours=10, minutes=5) <= seen.at < EXPIRES]
    return bool(later) and all(one["no_longer_listed_since"] for seen in later for one in played.evidence(seen))


def closed_at_expiry(played: Played) -> bool:
    last = played.about_dangers[-1]
    return last.reason.value == "ended" and last.at == EXPIRES and not in_force(played.seen[-1])


def degraded(played: Played) -> bool:
    codes = [seen.overview["sources"][0]["error"] for seen in played.seen[1:]]
    notes = [seen.overview["sources"][0]["notes"] for seen in played.seen[1:]]
    return all(codes) and all(any("ends nothing" in note for note in some) for some in notes)


def blind_within_bound(played: Played) -> bool:
    """Blindness is told once, in time, with the place and the hazards that it blinds."""
    blind = [notice for notice in played.notices if notice.reason.value == "blind"]
    good = DAY + timedelta(hours=10)
    subject = next(message.subject for message in played.messages if message.subject.startswith("Blind"))
    return len(blind) == 1 and good < blind[0].at <= good + BOUND and VALLEY.name in subject and "flood" in subject


def kept_unconfirmed(played: Played) -> bool:
    rows = [one for seen in played.seen[1:] for one in played.evidence(seen)]
    return all(map(in_force, played.seen)) and bool(rows) and all(one["not_confirmed_since"] for one in rows)


def counted(played: Played) -> bool:
    """What came is stored, and its lateness is counted."""
    marks = played.seen[-1].overview["sources"][0]["flags"]
    return [mark["times"] for mark in marks if mark["flag"] == "late"] == [1] and not in_force(played.seen[-1])


def not_shifted(played: Played) -> bool:
    (row,) = played.evidence(played.seen[-1])
    return bool(row["sent"] == "2026-11-20T10:00:00Z" and row["onset"] == "2026-11-20T11:00:00Z")


def shown_with_both_times(played: Played) -> bool:
    (row,) = played.evidence(played.seen[-1])
    return bool(row["onset"] == "2026-11-20T12:00:00Z" and row["expires"] == "2026-11-20T11:00:00Z")


def recorded(played: Played) -> bool:
    with played.store._moment() as connection:  # noqa: SLF001  no reader gives decisions: nothing else wants them
        return bool(connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar_one())


def word_first(played: Played) -> bool:
    return all(message.subject.startswith("TEST:") for message in played.messages) and bool(played.messages)


def marked_coarse(played: Played) -> bool:
    rows = played.evidence(played.seen[-1])
    return bool(rows) and all(one["area_exact"] is False for one in rows)


def says_not_exact(played: Played) -> bool:
    return all("area not exact" in message.text for message in played.messages) and bool(played.messages)


def stored(played: Played) -> int:
    return len(played.store.standing(played.store.live_threads(DAY)))


def rose_at_once(played: Played) -> bool:
    """Each rise above what was told before is told in the minute in which it came."""
    worst = 0
    for seen in played.seen:
        level = max((concern.level for concern in seen.concerns.values()), default=Level.CALM)
        if level > worst:
            if seen.at not in {notice.at for notice in played.about_dangers}:
                return False
            worst = level
    return worst > 0


def four_in_an_hour(played: Played) -> bool:
    times = [notice.at for notice in played.about_dangers]
    return all(sum(at <= other < at + timedelta(hours=1) for other in times) <= 4 for at in times)


def in_recipients_language(played: Played) -> bool:
    (message,) = played.messages
    rows = played.evidence(played.seen[-1])
    return "Hochwasser" in message.html + json.dumps(message.json, ensure_ascii=False) or (
        bool(rows) and rows[0]["severity"] == "Extreme"
    )


def refused(played: Played) -> bool:
    source = played.seen[-1].overview["sources"][0]
    return source["error"] == "redirect-refused" and any("not followed" in note for note in source["notes"])


def found_out(played: Played) -> bool:
    return any(one["identifier"] == "d-z" for one in played.evidence(played.seen[-1]))


def jump_recorded(played: Played) -> bool:
    leaves = [entry.leaf for entry in played.store.ledger_entries()]
    return sum(b'"clock-jump"' in leaf for leaf in leaves) == 2 and bool(  # ahead and back
        played.seen[-1].overview["clock_jumps"]
    )


def no_early_end(played: Played) -> bool:
    return all(map(in_force, played.seen)) and all(seen.at < DAY + timedelta(hours=11) for seen in played.seen)


CHECKS: Mapping[str, Check] = {
    "1 notice": told(1),
    "second notice": lambda played: len(played.about_dangers) > 1,
    "1 notice; second shown as re-issue": all_of(told(1), shown_as_reissue),
    "2 alarms of same urgency": lambda played: any(count > 1 for count in Counter(level_told(played)).values()),
    "2 notices (Minor, then Extreme)": lambda played: (
        played.reasons == ["first", "worse"] and level_told(played)[0] < level_told(played)[1]
    ),
    "feed flagged 'went back in time'": flagged("went-back"),
    "downgrade notice": lambda played: "eased" in played.reasons,
    "all-clear": lambda played: "ended" in played.reasons,
    "third notice": lambda played: len(played.about_dangers) > 2,
    "stays active until expires, marked 'no longer listed'": all_of(kept_until_expiry, marked_unlisted),
    "closed at expires": closed_at_expiry,
    "all-clear at 10:05": lambda played: any(
        notice.reason.value == "ended" and notice.at < EXPIRES for notice in played.notices
    ),
    "state kept": lambda played: all(map(in_force, played.seen)),
    "feed degraded flag": degraded,
    "feed-silent notice within bound": blind_within_bound,
    "active alert kept and marked 'not confirmed since'": kept_unconfirmed,
    "per-poll error notices": lambda played: len(played.notices) > 2,
    "feed-stale notice within bound": blind_within_bound,
    "quarantined, operator sees it": all_of(flagged("time-ahead"), lambda played: stored(played) == 1),
    "notice to workers": lambda played: bool(played.about_dangers),
    "0 notices, counted": all_of(told(0), counted),
    "0 notices, counted as late": all_of(told(0), counted),
    "treated per source policy, flagged": all_of(told(1), flagged("repaired")),
    "silent shift by hours": lambda played: not not_shifted(played),
    "flagged; shown with both times": all_of(flagged("ends-before-onset"), shown_with_both_times),
    "dropped silently": lambda played: not played.about_dangers,
    "0 notices to workers; recorded": all_of(told(0), recorded),
    "alarm": lambda played: bool(played.about_dangers),
    "notice carries the word first, or held for an operator per policy": word_first,
    "silently dropped": lambda played: not played.about_dangers,
    "match marked 'coarse area'": marked_coarse,
    "lower confidence shown": says_not_exact,
    "same wording as a precise hit": lambda played: not says_not_exact(played),
    "0 notices, kept for late join": all_of(told(0), lambda played: stored(played) == 1),
    "crash": lambda played: any(entry["log_level"] == "error" for entry in played.log),
    "alert stays active; flagged": all_of(lambda played: all(map(in_force, played.seen)), flagged("foreign-cancel")),
    "0 notices": told(0),
    "alarm for a cancelled alert": lambda played: bool(played.about_dangers),
    "terminates; at most 2 notices": told(0, 1, 2),
    "endless loop": lambda played: played.took > timedelta(seconds=60),
    "treated as a change; feed flagged": all_of(
        flagged("id-reused"), lambda played: played.reasons == ["first", "worse"]
    ),
    "ignored as duplicate": lambda played: len(played.about_dangers) < 2,
    "2 events": lambda played: stored(played) == 2,
    "merged": lambda played: {notice.family for notice in played.about_dangers} != {"flood", "fire"},
    "upgrade always at once; downgrades damped; <= 4 notices per hour": all_of(rose_at_once, four_in_an_hour),
    "20 notices": lambda played: len(played.about_dangers) >= 20,
    "one event; highest severity wins; recipient's language": all_of(
        lambda played: stored(played) == 1, in_recipients_language
    ),
    "two alarms": lambda played: len(played.about_dangers) > 1,
    "refused; feed flagged": refused,
    "followed silently": lambda played: len(played.requests) > 1,
    "full refetch at least every N polls finds it": found_out,
    "1 notice; no early expiry by more than the jump; jump recorded": all_of(told(1), no_early_end, jump_recorded),
    "lost notice": lambda played: not played.about_dangers,
    "duplicate notice": lambda played: len(played.about_dangers) > 1,
}
"""What each sentence says. Of `must` it has to hold, of `must_not` it must not."""

ELSEWHERE = {"d-flood": "test_feed_flood.py"}


def judge(scenario: Mapping[str, Any]) -> list[str]:
    """Play a scenario; return the sentences that are broken."""
    sentences = (*scenario["must"], *scenario["must_not"])
    unknown = [sentence for sentence in sentences if sentence not in CHECKS]
    assert not unknown, f"no check for {unknown}"
    played = play(scenario, steps_of(scenario), place=PLACES.get(scenario["id"], VALLEY), source=FEED)
    try:
        broken = [sentence for sentence in scenario["must"] if not CHECKS[sentence](played)]
        return broken + [f"not: {sentence}" for sentence in scenario["must_not"] if CHECKS[sentence](played)]
    finally:
        played.store.close()


def recorded_scenarios(shared: Path) -> dict[str, Mapping[str, Any]]:
    lines = (shared / "vectors" / "feeds" / "scenarios.jsonl").read_text(encoding="utf-8").splitlines()
    return {found["id"]: found for found in map(json.loads, lines)}


RECORDED = [
    "d-dup", "d-dup-newid", "d-rollback", "d-vanish", "d-empty-http", "d-down", "d-frozen", "d-future",
    "d-past", "d-expired", "d-no-tz", "d-exp-before-onset", "d-status-test", "d-status-exercise",
    "d-test-in-text", "d-poly-missing", "d-cancel-unknown", "d-cancel-other-sender", "d-cancel-before-alert",
    "d-ref-cycle", "d-id-reuse", "d-id-collision", "d-flap", "d-lang", "d-redirect", "d-etag-lie", "d-clock",
]  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("name", RECORDED)
def test_recorded_scenario(shared: Path, name: str) -> None:
    assert judge(recorded_scenarios(shared)[name]) == []


@pytest.mark.shared
def test_every_recorded_scenario_is_played(shared: Path) -> None:
    assert set(recorded_scenarios(shared)) == {*RECORDED, *ELSEWHERE}


OWN = {
    row["id"]: row for row in json.loads(Path(__file__).with_name("feed_scenarios.json").read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("name", OWN)
def test_own_scenario(name: str) -> None:
    assert judge(OWN[name]) == []


def test_a_sentence_that_is_broken_is_named() -> None:
    broken = {**OWN["same-again"], "must": ["0 notices"], "must_not": ["alarm"]}
    assert judge(broken) == ["0 notices", "not: alarm"]


def test_a_sentence_without_a_check_fails() -> None:
    with pytest.raises(AssertionError, match="no check for"):
        judge({**OWN["same-again"], "must": ["rings the bell in the old tower"]})
