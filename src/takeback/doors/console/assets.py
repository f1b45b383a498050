"""The console's style and scripts, read once at start; nothing else can be fetched by a path.

The address holds a hash of all of them: a browser may keep them and still gets new ones after an update.
"""

import hashlib
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Assets:
    """All files of `static`, in memory."""

    def __init__(self) -> None:
        self._files = {
            path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES
        }
        self.version = hashlib.sha256(repr(self._files).encode()).hexdigest()[:16]

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError if there is none of this name."""
        self._files[name]
        return f"/static/{self.version}/{name}"

    def find(self, version: str, name: str) -> tuple[bytes, str] | None:
        """Content and type of the file behind an address."""
        content = self._files.get(name) if version == self.version else None
        return None if content is None else (content, TYPES[Path(name).suffix])
