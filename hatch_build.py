"""Wheel build: put the console's map library in, where npm can be had (see scripts/vendor.py)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = "src/tocsin/web/static/vendor"


class MapLibrary(BuildHookInterface):
    """Without npm, node and network the wheel is still whole: its console then draws the SVG map, and says so."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch the library for a wheel; an editable install gets it from dev.py, after pip is done."""
        if self.target_name != "wheel" or version == "editable":
            return
        script = Path(self.root) / "scripts" / "vendor.py"
        spec = importlib.util.spec_from_file_location("vendor", script)
        if spec is None or spec.loader is None:
            return
        vendor = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(vendor)
        why_not = vendor.fetch()
        if why_not:
            self.app.display_warning(f"{why_not}: this wheel's console will draw its SVG map only")
            return
        # git ignores the folder, so hatch must be told that it belongs to the wheel.
        build_data["force_include"][str(Path(self.root) / VENDOR)] = "tocsin/web/static/vendor"
