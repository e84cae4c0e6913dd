"""The places file of a running service, read again when somebody has edited it.

An edit is taken over when the file has stood still from one look to the next, so that none is read that is half
written. One that is refused is said once and changes nothing: no slip of a finger leaves a place unwatched.
"""

from __future__ import annotations

from pathlib import Path

from tocsin.model import Place
from tocsin.places import Listed
from tocsin.run.inputs import list_places

_Stamp = tuple[int, int, int] | None


class PlacesFile:
    """A places file, as it was read last. Raises ConfigError when it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = self._seen = self._stamp()
        self.listed = list_places(path, before=Listed())

    def edited(self) -> tuple[Place, ...] | None:
        """Return the places when the file was edited since they were read last, else None.

        Raises ConfigError when it was edited and cannot be read, once for each edit. Cost: a look at the file's time;
        after an edit, to read it and to check the rows that are new.
        """
        before, self._seen = self._seen, self._stamp()
        if self._seen in (self._read, None) or self._seen != before:
            return None
        self._read = self._seen
        self.listed = list_places(self._path, before=self.listed)
        return self.listed.places

    def _stamp(self) -> _Stamp:
        try:
            found = self._path.stat()
        except OSError:  # an editor that replaces the file is between two steps, or a share is away
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
