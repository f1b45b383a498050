"""A log's checkpoint (C2SP tlog-checkpoint v1): its name, its size and its root, to be signed as a note.

Extension lines are kept as they are and mean nothing here. One who holds two checkpoints of one log and a
consistency proof between them knows that the past did not change from one to the other.
"""

import base64
import re
from dataclasses import dataclass

from takeback_verify.core.canonical import parse_base64
from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.merkle import HASH_BYTES
from takeback_verify.core.note import Note, VerifierKey, verify_note

MAX_SIZE = 2**63 - 1
"""Most leaves that a checkpoint can speak of."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log's claim. Raises Malformed for what cannot be written."""

    origin: str
    """The log's name, for ever."""
    size: int
    """Number of leaves."""
    root: bytes
    """The root hash, 32 bytes."""
    extensions: tuple[str, ...] = ()
    """Further lines, verbatim, none empty."""

    def __post_init__(self) -> None:
        """Refuse what `parse_checkpoint` would not give back."""
        for line in (self.origin, *self.extensions):
            if not line or _CONTROL.search(line):
                raise Malformed("a checkpoint's lines are not empty and have no control characters")
        if not 0 <= self.size <= MAX_SIZE:
            raise Malformed(f"a tree cannot have {self.size} leaves")
        if len(self.root) != HASH_BYTES:
            raise Malformed("a root hash is 32 bytes")


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The text to sign."""
    root = base64.b64encode(checkpoint.root).decode()
    return "\n".join([checkpoint.origin, str(checkpoint.size), root, *checkpoint.extensions, ""])


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the value that `format_checkpoint` wrote. Raises Malformed for any other spelling."""
    lines = text.split("\n")
    # 1. Origin, size, root, any extensions, and a newline at the end.
    if len(lines) < 4 or lines[-1]:  # noqa: PLR2004 -- three lines, and nothing after the last newline
        raise Malformed("a checkpoint has three lines at least, and each ends with a newline")
    origin, size, root, *extensions = lines[:-1]
    # 2. The size in decimal, without leading zeros.
    if not _SIZE.fullmatch(size):
        raise Malformed("a checkpoint's size is a decimal number without leading zeros")
    # 3. The root in base64.
    return Checkpoint(origin, int(size), parse_base64(root, "a checkpoint's root"), tuple(extensions))


def open_checkpoint(note: Note, key: VerifierKey) -> Checkpoint:
    """The checkpoint in a note that this log signed; the key's name is the log's.

    Raises:
        NotProven: not signed by the key, or the checkpoint of another log.
        Malformed: the signed text is not a checkpoint.
    """
    verify_note(note, key)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != key.name:
        raise NotProven(f"a checkpoint of {checkpoint.origin!r}, not of {key.name!r}")
    return checkpoint
