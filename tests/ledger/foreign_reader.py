"""An exported log read by somebody else's program: PyPI `aics-tlog`. Runs on Python 3.12 or newer, without Tocsin.

    python foreign_reader.py FOLDER VKEY [EVIDENCE]

FOLDER is an export. EVIDENCE is a folder with `heads`, older checkpoints of the log, and with `proofs.jsonl`, proofs
that somebody made for it: {"index", "path"} of entries, {"old", "path"} of growth, hashes in hex. Prints a JSON object
of what held. Exits with 1, and says in `refused` what did not hold.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import aics_tlog as foreign


class RefusedError(Exception):
    """Something in the log does not hold."""


def opened(raw: bytes, vkey: str) -> foreign.Checkpoint:
    """Return the checkpoint that `vkey` signed."""
    key = foreign.parse_vkey(vkey)
    found = foreign.verify_checkpoint(foreign.parse_note(raw), key, expected_origin=key.name)
    if not found.ok:
        raise RefusedError(f"checkpoint: {found.error}")
    return foreign.Checkpoint(origin=found.origin, size=found.size, root=found.root)


def read(folder: Path, vkey: str, evidence: Path | None) -> dict[str, int]:
    """Return how much was checked; raises RefusedError, ValueError or OSError at the first thing that does not hold."""
    head = opened((folder / "checkpoint").read_bytes(), vkey)
    tiles = foreign.FileSystemTileReader(folder)
    audited = foreign.audit_tiles(tiles, head.size, head.root)
    counts = {"size": head.size, "tiles": audited.tiles, "bundles": audited.bundles}
    return counts | ({} if evidence is None else against(evidence, head, tiles, vkey))


def against(evidence: Path, head: foreign.Checkpoint, tiles: foreign.TileReader, vkey: str) -> dict[str, int]:
    """Check the proofs that were handed over, and with proofs of its own that the log grew out of older checkpoints."""
    proven = foreign.VerifiedTileReader(tiles, head.size, head.root)
    counts = {"inclusions": 0, "growths": 0, "heads": 0}
    with (evidence / "proofs.jsonl").open(encoding="ascii") as lines:
        for line in lines:
            said = json.loads(line)
            path = [bytes.fromhex(step) for step in said["path"]]
            if "index" in said:
                leaf = foreign.leaf_hash(proven.entry(said["index"]))
                holds = foreign.verify_inclusion(leaf, said["index"], head.size, path, head.root)
                counts["inclusions"] += 1
            else:
                old = foreign.tree_root_from_tiles(proven, said["old"], head.size)
                holds = foreign.verify_consistency(said["old"], head.size, old, head.root, path)
                counts["growths"] += 1
            if not holds:
                raise RefusedError(f"proof: {line[:60]}")
    for file in sorted((evidence / "heads").iterdir()):
        old = opened(file.read_bytes(), vkey)
        path = foreign.consistency_proof_from_tiles(proven, old.size, head.size)
        if not foreign.verify_consistency(old.size, head.size, old.root, head.root, path):
            raise RefusedError(f"the log does not extend its checkpoint of {old.size} entries")
        counts["heads"] += 1
    return counts


def main(arguments: list[str]) -> int:
    """Read one export; return the exit code."""
    folder, vkey, *rest = arguments
    try:
        found = json.dumps(read(Path(folder), vkey, Path(rest[0]) if rest else None))
    except (RefusedError, ValueError, OSError) as why:
        sys.stdout.write(json.dumps({"refused": f"{type(why).__name__}: {why}"}) + "\n")
        return 1
    sys.stdout.write(f"{found}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
