"""The architecture as a test: imports go strictly down the layers of ARCHITECTURE.md, and siblings do not meet."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tocsin

ROOT = Path(tocsin.__file__).parent

# Top-level module or package -> layer. A package is one room: its own files may know each other.
LAYERS = {
    "errors": 0, "values": 0,
    "model": 1, "issuers": 1,
    "geo": 2, "config": 2, "hazards": 2, "regions": 2, "catalogue": 2, "rhythm": 2,
    "extensions": 2.5,  # of the catalogue
    "places": 2.5, "geocodes": 2.5,  # read shapes with geo
    "formats": 3, "gate": 3, "letters": 3, "lifecycle": 3, "match": 3, "impact": 3, "concern": 3, "duplicates": 3,
    "notices": 3, "coverage": 3, "render": 3, "record": 3,
    "declaration": 3.5,  # names the rules that hold
    "egress": 3.5,  # does I/O for fetch and channels, which do not know each other
    "store": 4, "placefile": 4, "fetch": 4, "channels": 4,
    "run": 5,
    "web": 6,
    "neutrality": 6.5,  # checks what all the others do
    "cli": 7,
}  # fmt: skip
ALONE = "ledger"  # imports nothing of ours; whoever needs it may import it
CLOCKLESS = 3
FORBIDDEN_BELOW_4 = {
    "socket",
    "sqlite3",
    "httpx2",
    "sqlalchemy",
    "logging",
    "structlog",
    "asyncio",
    "threading",
    "random",
}
ALLOWED = {("places", "sqlite3")}  # a GeoPackage is an SQLite file; it is read from bytes in memory


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if room not in {"__init__", "__main__"}:
            yield room, path


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield (dotted module, line) of every import of the file, lazy ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: relative import"
            assert node.module is not None
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


FILES = [pytest.param(room, path, id=str(path.relative_to(ROOT))) for room, path in _modules()]


@pytest.mark.parametrize(("room", "path"), FILES)
def test_imports_go_strictly_down(room: str, path: Path) -> None:
    for name, line in _imports(path):
        parts = name.split(".")
        if parts[0] != "tocsin" or len(parts) == 1 or parts[1] in {room, "__version__", ALONE if room != ALONE else ""}:
            continue
        assert room != ALONE, f"ledger stands alone, but line {line} imports {name}"
        assert LAYERS[parts[1]] < LAYERS[room], f"line {line}: {room} may not import {parts[1]}"


@pytest.mark.parametrize(("room", "path"), FILES)
def test_pure_layers_do_no_io_and_log_nothing(room: str, path: Path) -> None:
    if room == ALONE or LAYERS[room] > CLOCKLESS:
        return
    for name, line in _imports(path):
        top = name.split(".")[0]
        assert top not in FORBIDDEN_BELOW_4 or (room, top) in ALLOWED, f"line {line}: {room} imports {top}"


@pytest.mark.parametrize(("room", "path"), FILES)
def test_pure_layers_read_no_clock(room: str, path: Path) -> None:
    if room == ALONE or LAYERS[room] > CLOCKLESS:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert (
                node.attr not in {"now", "utcnow", "today"}
                or not isinstance(node.value, ast.Name)
                or (node.value.id not in {"datetime", "date"})
            ), f"line {node.lineno} reads the clock"


def test_every_room_has_a_layer() -> None:
    assert {room for room, _ in _modules()} - {ALONE} <= LAYERS.keys()
