"""An entry point's own style, scripts and icon, read once at start; nothing else can be fetched by a path.

The address holds a hash of all of them, so a browser may keep them for as long as it likes and still gets
new ones after an update. One hash for the folder, not one for each file, lets modules import each other
by plain relative names.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    content: bytes
    type: str


class Assets:
    """All of them, in memory.

    Args:
        folder: the entry point's; what is in it and has a known ending can be fetched.
    """

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): Asset(path.read_bytes(), _TYPES[path.suffix])
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }
        digest = hashlib.sha256()
        for name, asset in self._files.items():
            digest.update(f"{name}\0{len(asset.content)}\0".encode() + asset.content)
        self.version = digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError if there is none of this name."""
        self._files[name]
        return f"/static/{self.version}/{name}"

    def answer(self, version: str, name: str) -> Response | None:
        """Return the file behind an address, for a browser to keep; None if there is none."""
        found = self._files.get(name) if version == self.version else None
        kept = {"cache-control": "private, max-age=31536000, immutable"}
        return Response(found.content, media_type=found.type, headers=kept) if found else None
