"""How many documents a second are read, and read and judged by the gate, on one core; beside others that read CAP.

    python dev.py bench formats [--documents 400] [--features 400] [--without-peers]

- CAP: one alert a document, in four shapes after real issuers (a warning by polygon, two languages by EMMA_ID, a
  warning with VTEC and UGC, a fire by circle), made here. `parse` is what libxml2 takes alone, a floor. `read` is
  bytes to events: parsed, checked, normalised, geometry made and valid. `read_gate` is the same and the gate.
  `collected` is all that the collect step does before it asks the store: besides those, the digest that a decision
  commits to, and the look at where the areas lie.
- NWS: one GeoJSON collection after the API of the US National Weather Service, four alerts in five without a geometry.
  The figures count features; `parse` is orjson alone.
- recorded: the same on the recorded documents of ../shared, where they are. There each run sees the same documents, as
  a collector does that polls an unchanged list: the gate remembers texts that it left as they are.
- peers: capparser, cap-tools (with xsdata) and capparselib on the same CAP documents, in an environment of their own
  that is made once under .venv. They parse; none of them checks geometry, joins languages or judges. Where one cannot
  be had, or fails on documents, that word stands in place of its figure.

What is made here is told anew in each run, so that nothing is remembered from the run before: a description is as good
as never the same, an instruction is in two of three (recorded: 61 of 155 and 31 of 62 differ), codes are drawn from
the 102 of a state (recorded: 1,751 of 2,366 and 1,345 of 1,887 differ within one list).

Each figure is the median of five runs, by the time of this process's processor, so that others on the machine count
less. Still, two figures can be compared only when taken in one run: a neighbour on the same processor can halve them.
The same documents go to all.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT.parent / "shared" / "feeds" / "dev"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RUNS = 5
LARGEST = 64 * 1024  # bytes of a recorded alert that is still an ordinary one
PEERS = {"capparser": "capparser==2.0.4", "cap-tools": "cap-tools==3.1.1", "capparselib": "capparselib"}
COUNTIES = 102  # of Illinois
SENTENCES = (
    "Gusts of {} to {} km/h are expected, most likely near the coast and on high ground.",
    "Trees may fall and roads be closed between {}:00 and {}:30.",
    "Between {} and {} mm of rain have fallen; the river is expected to rise further.",
    "At {}{} AM radar showed heavy rain over the district.",
    "Some {} to {} cm of snow may lie by the evening.",
)
INSTRUCTIONS = ("Secure loose objects.", "Turn around, don't drown.", "Stay away from the river banks.")


# --- documents --------------------------------------------------------------------------------------------------------


def alert(number: int, infos: str) -> bytes:
    """Return an alert with these infos."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        f"<identifier>2.49.0.0.840.0.2026.{number}</identifier><sender>warnings@weather.example.org</sender>"
        f"<sent>{NOW - timedelta(minutes=number % 600):%Y-%m-%dT%H:%M:%S}-00:00</sent><status>Actual</status>"
        f"<msgType>Alert</msgType><scope>Public</scope>{infos}</alert>"
    ).encode()


def words(dice: random.Random, sentences: int) -> str:
    """Return a description, of some 70 characters a sentence."""
    return " ".join(dice.choice(SENTENCES).format(dice.randint(10, 23), dice.randint(24, 99)) for _ in range(sentences))


def instruction(dice: random.Random) -> str:
    """Return one of few instructions, and in one case of three something besides that no other says."""
    return f"{dice.choice(INSTRUCTIONS)}{' ' + words(dice, 1) if dice.random() < 1 / 3 else ''}"


def info(language: str, event: str, rest: str, dice: random.Random) -> str:
    """Return one <info> with what stands after its texts."""
    begins = NOW + timedelta(hours=dice.randint(0, 12))
    return (
        f"<info><language>{language}</language><category>Met</category><event>{event}</event>"
        "<responseType>Prepare</responseType><urgency>Expected</urgency>"
        f"<severity>{dice.choice(('Minor', 'Moderate', 'Severe'))}</severity><certainty>Likely</certainty>"
        f"<onset>{begins:%Y-%m-%dT%H:%M:%S}+00:00</onset>"
        f"<expires>{begins + timedelta(hours=12):%Y-%m-%dT%H:%M:%S}+00:00</expires>"
        f"<senderName>Weather Service</senderName><headline>{event} for the district</headline>"
        f"<description>{words(dice, dice.randint(3, 18))}</description><instruction>{instruction(dice)}</instruction>"
        f"<web>https://weather.example.org/warnings</web>{rest}</info>"
    )


def ring(dice: random.Random, corners: int) -> list[tuple[float, float]]:
    """Return a closed ring of (lon, lat) round a place in Europe, without a crossing."""
    lon, lat = dice.uniform(-8, 30), dice.uniform(37, 60)
    steps = [(step / corners, dice.uniform(0.15, 0.3)) for step in range(corners)]
    around = [(lon + reach * _turn(part + 0.25), lat + reach * _turn(part)) for part, reach in steps]
    return [*around, around[0]]


def _turn(part: float) -> float:
    """Return a height on a diamond, which is a circle enough for a ring."""
    part %= 1.0
    return 4 * min(part, abs(0.5 - part), 1.0 - part) * (1 if part < 0.5 else -1)


def by_polygon(number: int, dice: random.Random) -> bytes:
    """Return a warning for a polygon of 8 to 60 corners."""
    pairs = " ".join(f"{lat:.4f},{lon:.4f}" for lon, lat in ring(dice, dice.randint(8, 60)))
    area = f"<area><areaDesc>District {number}</areaDesc><polygon>{pairs}</polygon></area>"
    return alert(number, info("en", "Wind", area, dice))


def by_emma_id(number: int, dice: random.Random) -> bytes:
    """Return a warning in two languages for regions by code, after MeteoAlarm."""
    codes = "".join(
        f"<area><areaDesc>District {part}</areaDesc><geocode><valueName>EMMA_ID</valueName><value>XX{part:03}</value>"
        "</geocode></area>"
        for part in dice.sample(range(COUNTIES), dice.randint(1, 6))
    )
    level = "<parameter><valueName>awareness_level</valueName><value>2; yellow; Moderate</value></parameter>"
    kind = "<parameter><valueName>awareness_type</valueName><value>1; Wind</value></parameter>"
    state = dice.getstate()
    english = info("en", "Yellow wind warning", level + kind + codes, dice)
    dice.setstate(state)  # the same rating and times, as twins in two languages have
    return alert(number, english + info("de", "Gelbe Windwarnung", level + kind + codes, dice))


def by_ugc(number: int, dice: random.Random) -> bytes:
    """Return a warning with VTEC for zones and counties by code, after NWS."""
    codes = "".join(
        f"<geocode><valueName>UGC</valueName><value>ILC{part:03}</value></geocode>"
        f"<geocode><valueName>SAME</valueName><value>017{part:03}</value></geocode>"
        for part in dice.sample(range(COUNTIES), dice.randint(1, 12))
    )
    vtec = f"<parameter><valueName>VTEC</valueName><value>{_vtec(number)}</value></parameter>"
    event = "<eventCode><valueName>SAME</valueName><value>FFW</value></eventCode>"
    area = f"<area><areaDesc>Madison; Saint Clair</areaDesc>{codes}</area>"
    return alert(number, info("en-US", "Flash Flood Warning", event + vtec + area, dice))


def by_circle(number: int, dice: random.Random) -> bytes:
    """Return an alert for a circle."""
    at = f"{dice.uniform(37, 60):.4f},{dice.uniform(-8, 30):.4f} {dice.randint(1, 40)}"
    return alert(number, info("en", "Wildfire", f"<area><areaDesc>Fire</areaDesc><circle>{at}</circle></area>", dice))


def _vtec(number: int) -> str:
    return f"/O.NEW.KLSX.FF.W.{number % 9999 + 1:04}.261125T1100Z-261125T2300Z/"


SHAPES = (by_polygon, by_emma_id, by_ugc, by_circle)


def nws(features: int, dice: random.Random) -> bytes:
    """Return a collection as /alerts/active gives it."""
    listed = [_feature(number, dice) for number in range(features)]
    context = ["https://geojson.org/geojson-ld/geojson-context.jsonld", {"@version": "1.1"}]
    document = {"@context": context, "type": "FeatureCollection", "features": listed, "updated": f"{NOW.isoformat()}"}
    return json.dumps(document).encode()


def _feature(number: int, dice: random.Random) -> dict[str, Any]:
    name = f"urn:oid:2.49.0.1.840.0.{number:040x}.001.1"
    zones = dice.sample(range(COUNTIES), dice.randint(1, 12))
    onset = dice.randint(10, 20)
    shape = {"type": "Polygon", "coordinates": [ring(dice, dice.randint(5, 20))]}
    properties = {
        "@id": f"https://api.weather.gov/alerts/{name}",
        "@type": "wx:Alert",
        "id": name,
        "areaDesc": "; ".join(f"County {zone}" for zone in zones),
        "geocode": {
            "SAME": [f"017{zone:03}" for zone in zones],
            "UGC": [f"ILC{zone:03}" for zone in zones],
        },
        "affectedZones": [f"https://api.weather.gov/zones/county/ILC{zone:03}" for zone in zones],
        "references": [],
        "sent": "2026-11-25T05:00:00-06:00",
        "effective": "2026-11-25T05:00:00-06:00",
        "onset": f"2026-11-25T{onset}:00:00-06:00",
        "expires": "2026-11-25T17:00:00-06:00",
        "ends": dice.choice((None, "2026-11-25T17:00:00-06:00")),
        "status": "Actual",
        "messageType": "Alert",
        "category": "Met",
        "severity": dice.choice(("Minor", "Moderate", "Severe")),
        "certainty": "Likely",
        "urgency": "Expected",
        "event": "Flash Flood Warning",
        "sender": "w-nws.webmaster@noaa.gov",
        "senderName": "NWS St Louis MO",
        "headline": f"Flash Flood Warning issued November 25 at 5:{number % 60:02}AM CST until {onset}:00 CST by NWS",
        "description": words(dice, dice.randint(4, 22)),
        "instruction": instruction(dice),
        "response": "Avoid",
        "parameters": {"AWIPSidentifier": ["FFWLSX"], "VTEC": [_vtec(number)]},
        "scope": "Public",
        "language": "en-US",
        "eventCode": {"SAME": ["FFW"], "NationalWeatherService": ["FFW"]},
    }
    return {
        "id": properties["@id"],
        "type": "Feature",
        "geometry": shape if number % 5 == 0 else None,
        "properties": properties,
    }


# --- measuring --------------------------------------------------------------------------------------------------------


def rate(work: Callable[[Sequence[bytes]], object], runs: Sequence[Sequence[bytes]], count: int) -> float:
    """Return how many of the `count` things in each run's documents are done in a second of this process's processor.

    As a median of the runs.
    """
    taken = []
    for bodies in runs:
        begun = time.process_time()
        work(bodies)
        taken.append(time.process_time() - begun)
    return round(count / statistics.median(taken))


def ours(name: str, runs: Sequence[Sequence[bytes]], count: int) -> dict[str, float]:
    """Return documents (or features) a second: parsed, read, read and judged, and all that is done before the store.

    The last is taken on the second half of the runs, so that the gate does not know their texts from the first.
    """
    import orjson  # noqa: PLC0415  this file also runs where Tocsin is not installed
    from lxml import etree  # noqa: PLC0415

    from tocsin import formats, gate  # noqa: PLC0415
    from tocsin.model import IssuerClass, Source  # noqa: PLC0415
    from tocsin.run import sweeps  # noqa: PLC0415
    from tocsin.run.examining import Document, examine  # noqa: PLC0415

    sweeps.seldom()  # as the command line does
    source = Source(
        id="benchmark", publisher="", url="", format=name, issuer_class=IssuerClass.HAZARD, jurisdiction=("US",)
    )

    def parse(bodies: Sequence[bytes]) -> None:
        for body in bodies:
            orjson.loads(body) if name == "nws" else etree.fromstring(body)

    def read(bodies: Sequence[bytes]) -> None:
        for body in bodies:
            formats.read(name, body, source="benchmark", now=NOW)

    def read_gate(bodies: Sequence[bytes]) -> None:
        for body in bodies:
            for item in formats.read(name, body, source="benchmark", now=NOW).items:
                gate.examine(item, issuer_class=IssuerClass.HAZARD)

    def collected(bodies: Sequence[bytes]) -> None:
        for body in bodies:
            examine([Document(format=name, body=body)], source, NOW)

    return {
        "parse": rate(parse, runs[:RUNS], count),
        "read": rate(read, runs[:RUNS], count),
        "read_gate": rate(read_gate, runs[:RUNS], count),
        "collected": rate(collected, runs[RUNS:], count),
    }


def recorded() -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the figures on recorded documents, as far as they are here."""
    alerts = [path.read_bytes() for path in sorted((RECORDED / "cap12").glob("*")) if path.stat().st_size < LARGEST]
    if alerts:
        yield "cap", {"documents": len(alerts), **ours("cap", [alerts * 10] * 2 * RUNS, len(alerts) * 10)}
    lists = [path.read_bytes() for path in sorted((RECORDED / "nws_geojson").glob("active*"))]
    features = sum(len(json.loads(body)["features"]) for body in lists)
    if lists:
        yield "nws", {"features": features, **ours("nws", [lists] * 2 * RUNS, features)}


# --- peers ------------------------------------------------------------------------------------------------------------


def peers(runs: Sequence[Sequence[bytes]]) -> dict[str, Any]:
    """Return the figures of the others on the documents of the first run, or why there is none.

    Tocsin's is taken anew right before each, so that what else the machine does falls on both.
    """
    home = ROOT / ".venv" / "peers"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        for requirement in PEERS.values():
            install = ["-m", "pip", "install", "--quiet", "--only-binary", "lxml", requirement]
            subprocess.run([python, *install], check=False, capture_output=True)  # noqa: S603  by its own path
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(runs[0]):
            (Path(folder) / f"{number:06}.xml").write_bytes(body)
        return {name: _peer(python, name, folder, ours("cap", runs, len(runs[0]))["read"]) for name in PEERS}


def _peer(python: Path, name: str, folder: str, own: float) -> Any:
    command = [python, __file__, "--peer", name, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  this file again
    if done.returncode:
        return "not installed"
    found = json.loads(done.stdout)
    return {**found, "tocsin_read": own, "tocsin_is_times": round(own / found["parse"], 1)}


def measure_peer(name: str, folder: Path) -> dict[str, float]:
    """Return what one of the others does, in its own environment. Documents that it fails on count as done."""
    parse = PARSERS[name]()
    bodies = [path.read_bytes() for path in sorted(folder.iterdir())]
    failed = 0
    for body in bodies:
        try:
            parse(body)
        except Exception:  # noqa: BLE001  whatever it fails with is its word
            failed += 1

    def work(bodies: Sequence[bytes]) -> None:
        for body in bodies:
            try:
                parse(body)
            except Exception:  # noqa: BLE001, S112
                continue

    return {"parse": rate(work, [bodies] * RUNS, len(bodies)), "fails_on": failed}


def _capparser() -> Callable[[bytes], object]:
    import capparser  # noqa: PLC0415

    return lambda body: capparser.parse(stringXML=body.decode())


def _cap_tools() -> Callable[[bytes], object]:
    from cap_tools.models import Alert  # noqa: PLC0415
    from xsdata.formats.dataclass.parsers import XmlParser  # noqa: PLC0415

    parser = XmlParser()
    return lambda body: parser.from_bytes(body, Alert)


def _capparselib() -> Callable[[bytes], object]:
    from capparselib.parsers import CAPParser  # noqa: PLC0415

    return lambda body: CAPParser(body.decode()).as_dict()


PARSERS = {"capparser": _capparser, "cap-tools": _cap_tools, "capparselib": _capparselib}


def main() -> None:
    """Print the figures as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--features", type=int, default=400)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--peer", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        print(json.dumps(measure_peer(arguments.peer[0], Path(arguments.peer[1]))))
        return
    dice = random.Random(20261125)
    count, features = arguments.documents, arguments.features
    alerts = [[SHAPES[number % len(SHAPES)](number, dice) for number in range(count)] for _ in range(2 * RUNS)]
    lists = [[nws(features, dice)] for _ in range(2 * RUNS)]
    figures: dict[str, Any] = {
        "python": sys.version.split()[0],
        "cap": {"documents": count, "bytes": sum(map(len, alerts[0])), **ours("cap", alerts, count)},
        "nws": {"features": features, "bytes": len(lists[0][0]), **ours("nws", lists, features)},
        "recorded": dict(recorded()),
    }
    if not arguments.without_peers:
        figures["peers"] = peers(alerts)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
