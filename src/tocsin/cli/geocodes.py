"""`tocsin geocodes`: build a pack of outlines from published boundary files, and look into those there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.arguments import DONE, FILE, HAD_PROBLEMS, NEW_FILE, NO, name_problems, put
from tocsin.errors import ConfigError, FormatError

if TYPE_CHECKING:
    from tocsin.geocodes.boundaries import Boundaries

_NAMED = re.compile(r"(?P<scheme>[^=]+):(?P<attribute>[^=:]+)=(?P<file>.+)")
_FINEST = 0.1  # degrees; an outline thinned by more is no outline


@click.group()
def geocodes() -> None:
    """Give warnings that name codes (EMMA_ID, UGC, SAME, NUTS ...) in place of shapes their outlines."""


@geocodes.command()
@click.option("-o", "--output", type=NEW_FILE, required=True, help="the pack to write")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, _FINEST),
    default=0.0,
    help="thin outlines by up to so many degrees (0.001 is some 100 m; default 0)",
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
def build(output: Path, tolerance: float, sources: tuple[str, ...]) -> int:
    """Build a pack from published boundary files; of two that hold a code the first is believed.

    SOURCE is a file (GeoJSON, TopoJSON, zipped shapefile, or a table of aliases; docs/geocodes.md says where each list
    is published), or SCHEME:ATTRIBUTE=FILE, which says where the codes stand in a file that is not known.

    \b
    Examples:
      tocsin geocodes build -o geocodes.pack z_18mr25.zip NUTS_RG_03M_2024_4326.geojson
      tocsin geocodes build -o geocodes.pack CISORP:kod=orp.geojson
    """
    from tocsin.geocodes.boundaries import merged
    from tocsin.geocodes.pack import Pack, pack

    had_problems = False
    files = []
    for source in sources:
        path, body, found = _read(source, tolerance)
        had_problems |= name_problems(str(path), found.problems)
        files.append((path.name, body, found))
    made = pack(merged(files))
    output.write_bytes(made)
    for scheme, count in Pack(made).counts().items():
        put({"list": scheme, "codes": count, **Pack(made).lists[scheme]})
    click.echo(f"wrote {output}, {len(made):,} bytes; name it in tocsin.toml: geocodes = {str(output)!r}", err=True)
    return HAD_PROBLEMS if had_problems else DONE


def _read(source: str, tolerance: float) -> tuple[Path, bytes, Boundaries]:
    from tocsin.geocodes import boundaries

    path, scheme, attribute = Path(source), "", ""
    if not path.exists() and (named := _NAMED.fullmatch(source)):
        path, scheme, attribute = Path(named["file"]), named["scheme"], named["attribute"]
    try:
        body = path.read_bytes()
        return path, body, boundaries.read(body, scheme=scheme, attribute=attribute, tolerance=tolerance)
    except OSError:
        raise ConfigError("cannot be read", setting=str(path)) from None
    except FormatError as error:
        raise ConfigError(f"{error.message} (at {error.at})", setting=str(path)) from None


@geocodes.command()
@click.option("--geocodes", "pack_", type=FILE, help="a pack of yours, before those that Tocsin brings")
def show(pack_: Path | None) -> int:
    """Print the lists that there are, one JSON object a line: how many codes, from where, under which licence.

    \b
    Examples:
      tocsin geocodes show
      tocsin geocodes show --geocodes geocodes.pack
    """
    from tocsin.run import inputs

    there = inputs.load_geocodes(pack_)
    for scheme in there.lists:
        pack = there.pack_of(scheme)
        put({"list": scheme, "codes": pack.counts()[scheme], **pack.lists[scheme]})
    return DONE if there else NO


@geocodes.command("at")
@click.option("--geocodes", "pack_", type=FILE, help="a pack of yours, before those that Tocsin brings")
@click.argument("lat", type=click.FloatRange(-90, 90))
@click.argument("lon", type=click.FloatRange(-180, 180))
def at_position(pack_: Path | None, lat: float, lon: float) -> int:
    """Print the codes in which a position lies, one SCHEME:VALUE a line, as places.csv has them.

    Exit 1 when there is none. A negative number goes after --.

    \b
    Examples:
      tocsin geocodes at 52.52 13.405
      tocsin geocodes at -- 38.63 -90.18
    """
    import shapely

    from tocsin import regions
    from tocsin.run import inputs

    position = shapely.Point(lon, lat)
    found = [*regions.codes_at(position), *(code for _, code in inputs.load_geocodes(pack_).locate([position]))]
    for code in found:
        click.echo(f"{code.scheme}:{code.value}")
    return DONE if found else NO


COMMANDS = (geocodes,)
