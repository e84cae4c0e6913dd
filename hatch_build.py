"""Wheel build: put in what git ignores, the console's map library and the geocode pack of Europe."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = "src/tocsin/web/static/vendor"
EUROPE = "src/tocsin/geocodes/europe.pack"


class FromPackages(BuildHookInterface):
    """Without npm, node and network the wheel is still whole: it says what its users then go without."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add both to a wheel; an editable install gets them from dev.py, after pip is done."""
        if self.target_name != "wheel" or version == "editable":
            return
        # git ignores them, so hatch must be told that they belong to the wheel.
        for path, why_not in ((VENDOR, self._map_library()), (EUROPE, self._europe())):
            if why_not:
                self.app.display_warning(why_not)
            else:
                build_data["force_include"][str(Path(self.root) / path)] = path.removeprefix("src/")

    def _map_library(self) -> str:
        """Fetch the map library; return "" or why it is missing."""
        spec = importlib.util.spec_from_file_location("vendor", Path(self.root) / "scripts" / "vendor.py")
        if spec is None or spec.loader is None:
            return "scripts/vendor.py is missing: this wheel's console will draw its SVG map only"
        vendor = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(vendor)
        why_not = vendor.fetch()
        return f"{why_not}: this wheel's console will draw its SVG map only" if why_not else ""

    def _europe(self) -> str:
        """Return "" when the pack is there, else how to make it: that takes libraries which a build has not."""
        if (Path(self.root) / EUROPE).is_file():
            return ""
        return "europe.pack is missing (python scripts/geocodes.py): areas by EMMA_ID will be matched by country"
