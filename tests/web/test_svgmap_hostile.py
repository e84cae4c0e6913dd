"""Valid shapes that GEOS would take seconds or minutes to cut to the map."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import pytest
from sample import area

from tocsin.web import svgmap

DEADLINE_S = 5.0  # of the processor; drawn with an overlay the first takes 10 s and the second minutes


def comb_at_the_pole() -> dict[str, Any]:
    teeth = [(i / 80 + j / 320, 89.0 if j in {1, 2} else 85.01) for i in range(4_750) for j in range(4)]
    ring = [(0.0, 85.0), *teeth, (60.0, 85.0), (0.0, 85.0)]
    return {"type": "Polygon", "coordinates": [ring]}


def scribbled_line() -> dict[str, Any]:
    random = Random(1)
    return {
        "type": "LineString",
        "coordinates": [(random.uniform(-95, -85), random.uniform(35, 42)) for _ in range(5_000)],
    }


@pytest.mark.parametrize("geometry", [comb_at_the_pole(), scribbled_line()], ids=["comb-at-the-pole", "scribbled-line"])
def test_map_of_a_hostile_shape_is_drawn(geometry: dict[str, Any]) -> None:
    drawn = {**area("Storm", 3, None), "geometry": geometry}
    view = svgmap.View(0.2, 0.0, 1100 / 0.5)
    before = time.process_time()
    found = svgmap._area(drawn, view)  # noqa: SLF001  the one step that meets a feed's shapes
    assert time.process_time() - before < DEADLINE_S
    assert found["words"].startswith("Storm")
