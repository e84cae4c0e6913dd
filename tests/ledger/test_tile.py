from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.ledger.errors import FormatError
from tocsin.ledger.note import open_note, parse_checkpoint, parse_vkey
from tocsin.ledger.tile import ENTRIES, Tile, bundle, entries_of, hashes, parse_path, reader, tile_of, tiles
from tocsin.ledger.tlog import Node, check_inclusion, grown, leaf_hash, prove_inclusion, root

TOO_MANY = 70_001


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        pytest.param(Tile(0, 0), "tile/0/000", id="first"),
        pytest.param(Tile(0, 67), "tile/0/067", id="two-digits"),
        pytest.param(Tile(1, 999), "tile/1/999", id="last-of-one-group"),
        pytest.param(Tile(1, 1000), "tile/1/x001/000", id="first-of-two-groups"),
        pytest.param(Tile(0, 1234067), "tile/0/x001/x234/067", id="the-specification's-example"),
        pytest.param(Tile(0, 5, 17), "tile/0/005.p/17", id="partial"),
        pytest.param(Tile(ENTRIES, 0, 1), "tile/entries/000.p/1", id="entries"),
        pytest.param(Tile(7, 0, 255), "tile/7/000.p/255", id="highest"),
    ],
)
def test_path_and_back(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/8/000",
        "tile/-1/000",
        "tile/00/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000/1",
        "tile/0/../../etc/passwd",
        "/tile/0/000",
        "tile/0/000 ",
        "tile/0/٠٠٠",
        "tile/names/000",
        "tile/0/" + "x999/" * 7 + "999",
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(FormatError):
        parse_path(path)


@given(st.text(alphabet="tile/0123456789xp.e- ", max_size=40))
def test_any_path_is_refused_or_canonical(path: str) -> None:
    with suppress(FormatError):
        assert parse_path(path).path == path


@pytest.mark.parametrize(
    ("size", "paths"),
    [
        pytest.param(0, [], id="empty"),
        pytest.param(1, ["tile/entries/000.p/1", "tile/0/000.p/1"], id="one"),
        pytest.param(255, ["tile/entries/000.p/255", "tile/0/000.p/255"], id="before-the-first-full"),
        pytest.param(256, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"], id="first-full"),
        pytest.param(
            257,
            ["tile/entries/000", "tile/entries/001.p/1", "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"],
            id="after-the-first-full",
        ),
    ],
)
def test_tiles_of_a_tree(size: int, paths: list[str]) -> None:
    assert [tile.path for tile in tiles(size)] == paths


@given(before=st.integers(0, TOO_MANY), more=st.integers(0, 1000))
def test_tiles_since_an_older_tree_are_those_that_it_lacked(before: int, more: int) -> None:
    assert list(tiles(before + more, since=before)) == [
        tile for tile in tiles(before + more) if tile not in set(tiles(before))
    ]


def grown_tree(size: int) -> tuple[dict[Node, bytes], dict[Tile, bytes]]:
    """Return the nodes of a tree and the tiles cut from them."""
    nodes: dict[Node, bytes] = {}

    def read(wanted: Sequence[Node]) -> list[bytes]:
        return [nodes[node] for node in wanted]

    for number in range(size):
        nodes.update(grown(number, leaf_hash(b"%d" % number), read))
    cut = {}
    for tile in tiles(size):
        if tile.level != ENTRIES:
            level, first = 8 * tile.level, tile.index * 256
            cut[tile] = b"".join(nodes[Node(level, first + at)] for at in range(tile.width))
    return nodes, cut


SIZE = 600
NODES, CUT = grown_tree(SIZE)


def read_tiles(wanted: Sequence[Tile]) -> Mapping[Tile, bytes]:
    return {tile: CUT[tile] for tile in wanted}


def test_every_node_is_computed_from_its_tile() -> None:
    assert reader(SIZE, read_tiles)(list(NODES)) == list(NODES.values())


def test_tile_of_names_one_that_the_tree_has() -> None:
    assert {tile_of(node, SIZE)[0] for node in NODES} == {tile for tile in tiles(SIZE) if tile.level != ENTRIES}


def test_proof_from_tiles_is_that_from_nodes() -> None:
    read = reader(SIZE, read_tiles)
    whole = root(SIZE, read)
    proof = prove_inclusion(321, SIZE, read)
    check_inclusion(leaf_hash(b"321"), index=321, size=SIZE, proof=proof, root=whole)


def test_tile_of_another_length_is_refused() -> None:
    with pytest.raises(FormatError):
        hashes(b"x" * 33, 1)


@pytest.mark.parametrize("entries", [[], [b""], [b"a", b"", b"x" * 65535]], ids=["none", "empty", "several"])
def test_bundle_and_back(entries: list[bytes]) -> None:
    assert entries_of(bundle(entries), len(entries)) == entries


@pytest.mark.parametrize(
    ("body", "width"),
    [
        pytest.param(b"\x00", 1, id="half-a-length"),
        pytest.param(b"\x00\x05abc", 1, id="cut"),
        pytest.param(b"\x00\x01a", 2, id="too-few"),
        pytest.param(b"\x00\x01a\x00\x01b", 1, id="too-many"),
    ],
)
def test_bundle_that_is_none_is_refused(body: bytes, width: int) -> None:
    with pytest.raises(FormatError):
        entries_of(body, width)


# --- logs of others -----------------------------------------------------------------------------------------------


def verified(folder: Path, vkey: str, checkpoint: str = "checkpoint") -> int:
    """Return the size of the log in a folder, after all of its entries and tiles were recomputed."""
    signed = parse_checkpoint(open_note((folder / checkpoint).read_bytes(), [parse_vkey(vkey)]).text)
    entries = [
        entry
        for tile in tiles(signed.size)
        if tile.level == ENTRIES
        for entry in entries_of((folder / tile.path).read_bytes(), tile.width)
    ]
    nodes: dict[Node, bytes] = {}
    for number, entry in enumerate(entries):
        nodes.update(grown(number, leaf_hash(entry), lambda wanted: [nodes[node] for node in wanted]))
    read = reader(signed.size, lambda wanted: {tile: (folder / tile.path).read_bytes() for tile in wanted})
    assert read(list(nodes)) == list(nodes.values())
    assert root(signed.size, read) == signed.root
    return len(entries)


@pytest.mark.shared
def test_log_of_another_implementation_verifies(shared: Path) -> None:
    vectors = shared / "vectors/tlog"
    vkey = (vectors / "tessera-log.vkey").read_text(encoding="utf-8")
    assert verified(vectors / "tessera-log", vkey) == 15


@pytest.mark.shared
def test_logs_verify_alone(shared: Path) -> None:
    logs = shared / "vectors/tlog/logs"
    vkey = (logs / "log.vkey").read_text(encoding="utf-8")
    sizes = {folder.name: verified(folder, vkey) for folder in logs.iterdir() if folder.is_dir()}
    assert len(sizes) > 8
    assert all(name.endswith(str(size)) for name, size in sizes.items())
