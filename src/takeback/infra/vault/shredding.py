"""Destroying a capture: its key first, so that it is unreadable from the first moment on.

A crash between two files leaves parts that nobody can open, and doing it again destroys the rest. What cannot
be reached from here (copies that a recipient made, a backup of the key's small file, older versions in an
object store that keeps them) is in SECURITY.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from takeback.errors import NotFound
from takeback.infra.blobs import Blobs


@dataclass(frozen=True, slots=True)
class Shredded:
    """What is no more."""

    blobs: tuple[str, ...]
    """In the order in which they went."""
    bytes: int


def shred(blobs: Blobs, key: str, rest: Iterable[str]) -> Shredded:
    """Destroy the files of one capture. What is not there any more is passed over.

    The caller deletes the salts that it keeps and records the erasure, in one transaction, before this: the
    log says that it was erased, and a job repeats this until it is true.

    Args:
        blobs: where they are.
        key: the blob of the sealed private half; it goes first.
        rest: the blobs of all other parts, the opening first.

    Raises:
        StorageUnavailable: try again; what went is gone.
    """
    gone: list[str] = []
    size = 0
    for name in (key, *rest):
        try:
            length = blobs.size(name)
        except NotFound:
            continue
        blobs.delete(name)
        gone.append(name)
        size += length
    return Shredded(tuple(gone), size)
