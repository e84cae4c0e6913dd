"""How the console's pages are made: templates of our own, in which everything from elsewhere is escaped."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

# Everything from a feed passes through autoescape; no template marks a value as safe but the map, which is one.
PAGES = Environment(
    loader=PackageLoader("tocsin.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
