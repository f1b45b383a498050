"""Files that are there whole or not at all, also after a crash, and on disk when a function returns."""

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

SECRET = 0o600
"""Read and written by its owner only."""


def write_new(path: Path, data: bytes) -> None:
    """Write a secret to a file that is not there yet. Raises FileExistsError, to the second of two."""
    with _draft(path, data, SECRET) as draft:
        path.hardlink_to(draft)


def replace(path: Path, data: bytes, mode: int = SECRET) -> None:
    """Write a file in place of the one that is there, if any. Raises OSError."""
    with _draft(path, data, mode) as draft:
        draft.replace(path)


@contextmanager
def _draft(path: Path, data: bytes, mode: int) -> Generator[Path]:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield draft
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)
