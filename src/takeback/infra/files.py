"""Files that are there whole or not at all, and on disk before anybody relies on them."""

import fcntl
import os
import secrets
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path


def replace(path: Path, pieces: Iterable[bytes], mode: int = 0o600) -> None:
    """Put a file in place of the one that is there. Raises OSError."""
    with _draft(path, pieces, mode) as draft:
        draft.replace(path)


def replace_for_good(path: Path, pieces: Iterable[bytes], mode: int = 0o600) -> None:
    """Do the same, and return when a crash cannot bring the old file back. Raises OSError."""
    replace(path, pieces, mode)
    sync(path.parent)


def put_new(path: Path, content: bytes) -> None:
    """Put a file down that only its user may read. Raises FileExistsError where there is one, and OSError."""
    with _draft(path, [content], 0o600) as draft:
        path.hardlink_to(draft)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file's bytes, or a folder's names, on disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """Let one thread of one process at a time work on a folder. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _draft(path: Path, pieces: Iterable[bytes], mode: int) -> Generator[Path]:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
