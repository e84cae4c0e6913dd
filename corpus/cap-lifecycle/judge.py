#!/usr/bin/env python3
"""Judge any program by the CAP life cycle corpus. Standard library only.

    python judge.py ANSWERS.jsonl        judge a program's answers
    python judge.py --questions          print every question, one JSON object a line

A question is {"case", "at", "documents": [{"file", "feed", "received"}]}: the documents that had been received by the
moment `at`, in order of arrival. An answer is {"case", "at", "in_force": [...]}, one for each question, with one entry
for each warning in force at that moment:

    {"sender", "identifier", "severity", "areas": [areaDesc ...], "languages": [...], "geometry": GeoJSON or null}

`areas` are those of the warning's first info, in any order; `languages` are those of all infos that were joined into
it, in any order; `geometry` is asked for only where the case tests one. Exit code 0: all right; 1: something is not;
2: the answers could not be read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parent / "cases"
COMPARED = ("sender", "identifier", "severity", "areas", "languages")
_SHAPES = {"Polygon", "MultiPolygon", "GeometryCollection"}

Case = dict[str, Any]
Answer = list[dict[str, Any]]


def cases() -> dict[str, Case]:
    """Return every case by its name, "cancel/before-its-alert", in the order of names."""
    files = sorted(CASES.glob("*/*/case.json"))
    return {file.parent.relative_to(CASES).as_posix(): json.loads(file.read_text(encoding="utf-8")) for file in files}


def questions(name: str, case: Case) -> Iterator[dict[str, Any]]:
    """Yield the questions of a case: what had been received, at each moment of which something is expected."""
    for expected in case["expected"]:
        heard = [document for document in case["documents"] if document["received"] <= expected["at"]]
        yield {"case": name, "at": expected["at"], "documents": sorted(heard, key=lambda one: one["received"])}


def faults(expected: Answer, answered: Answer) -> list[str]:
    """Return what is wrong with an answer, in words; nothing when it is right."""
    wanted = sorted(map(_compared, expected))
    given = sorted(map(_compared, answered))
    found = [f"not in force, but should be: {one}" for one in wanted if wanted.count(one) > given.count(one)]
    found += [f"in force, but should not be: {one}" for one in given if given.count(one) > wanted.count(one)]
    if found:
        return sorted(set(found))
    return [fault for one in expected for fault in _misplaced(one, answered)]


def _compared(entry: dict[str, Any]) -> str:
    """Return the compared fields of an entry as one text, lists in order."""
    fields = {name: entry.get(name) for name in COMPARED}
    return json.dumps(
        {name: sorted(value) if isinstance(value, list) else value for name, value in fields.items()},
        ensure_ascii=False,
    )


def _misplaced(expected: dict[str, Any], answered: Answer) -> Iterator[str]:
    points = [(point, True) for point in expected.get("covers", [])]
    points += [(point, False) for point in expected.get("covers_not", [])]
    same = next(one for one in answered if _compared(one) == _compared(expected))
    for (lat, lon), is_inside in points:
        if covers(same.get("geometry"), lon, lat) is not is_inside:
            yield f"{expected['identifier']} {'does not cover' if is_inside else 'covers'} {lat}, {lon}"


def covers(geometry: Any, lon: float, lat: float) -> bool:
    """Return whether a GeoJSON geometry of polygons covers a point. Source: RFC 7946, 3.1.6 and 3.1.9."""
    if not isinstance(geometry, dict) or geometry.get("type") not in _SHAPES:
        return False
    if geometry["type"] == "GeometryCollection":
        return any(covers(part, lon, lat) for part in geometry["geometries"])
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return any(_rings(polygon[:1], lon, lat) and not _rings(polygon[1:], lon, lat) for polygon in polygons if polygon)


def _rings(rings: list[Any], lon: float, lat: float) -> bool:
    """Return whether the point is in any of the rings, by the even-odd rule."""
    return any(sum(_crosses(one, other, lon, lat) for one, other in pairwise(ring)) % 2 for ring in rings)


def _crosses(one: list[float], other: list[float], lon: float, lat: float) -> bool:
    """Return whether the edge between two positions crosses the ray that goes east from the point."""
    if (one[1] > lat) == (other[1] > lat):
        return False
    return lon < one[0] + (lat - one[1]) / (other[1] - one[1]) * (other[0] - one[0])


def judge(answers: dict[tuple[str, str], Answer]) -> dict[str, list[str]]:
    """Return the faults by case; a case without any is right."""
    found: dict[str, list[str]] = {}
    for name, case in cases().items():
        found[name] = []
        for expected in case["expected"]:
            answered = answers.get((name, expected["at"]))
            wrong = ["no answer"] if answered is None else faults(expected["in_force"], answered)
            found[name] += [f"at {expected['at']}: {fault}" for fault in wrong]
    return found


def main(arguments: list[str]) -> int:
    """Print the questions, or the faults of a file of answers; return the exit code."""
    if arguments == ["--questions"]:
        for name, case in cases().items():
            for question in questions(name, case):
                print(json.dumps(question))
        return 0
    try:
        (path,) = arguments
        rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
        answers = {(row["case"], row["at"]): row["in_force"] for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        print("usage: judge.py ANSWERS.jsonl | --questions; see the top of this file", file=sys.stderr)
        return 2
    found = judge(answers)
    for name, wrong in found.items():
        for fault in wrong:
            print(f"{name}: {fault}")
    right = sum(not wrong for wrong in found.values())
    print(f"{right} of {len(found)} cases right")
    return 0 if right == len(found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
