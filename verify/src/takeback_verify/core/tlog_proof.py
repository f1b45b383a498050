"""A receipt that needs nobody (C2SP tlog-proof v1): an entry's place, its path, and the signed checkpoint.

With it, the log's and the witnesses' keys and the entry itself, anybody can check for ever, without network,
that the entry was logged. It is one text file, by habit called *.tlog-proof.
"""

import base64
import re
from dataclasses import dataclass

from takeback_verify.core.canonical import parse_base64
from takeback_verify.core.checkpoint import MAX_SIZE
from takeback_verify.core.errors import Malformed
from takeback_verify.core.merkle import HASH_BYTES
from takeback_verify.core.note import Note, format_note, parse_note

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PATH = 63
"""Most hashes in a path: a tree has at most 2**63 - 1 leaves."""
MAX_EXTRA = 65_536
"""Most bytes of extra data."""

_MAX_HEAD = 100_000
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Raises Malformed for what cannot be written. Nothing is verified."""

    index: int
    """The entry's place in the tree, from 0."""
    path: tuple[bytes, ...]
    """Inclusion path from the leaf's sibling up, 32 bytes each (RFC 9162, 2.1.3)."""
    note: Note
    """The checkpoint that the path leads to."""
    extra: bytes = b""
    """Data of the application; nobody signed it."""

    def __post_init__(self) -> None:
        """Refuse what `parse_tlog_proof` would not give back."""
        if not 0 <= self.index < MAX_SIZE:
            raise Malformed(f"no entry has the place {self.index}")
        if len(self.path) > MAX_PATH or any(len(node) != HASH_BYTES for node in self.path):
            raise Malformed(f"a path is at most {MAX_PATH} hashes of {HASH_BYTES} bytes")
        if len(self.extra) > MAX_EXTRA:
            raise Malformed(f"extra data of {len(self.extra)} bytes; at most {MAX_EXTRA} are allowed")


def format_tlog_proof(proof: TlogProof) -> bytes:
    """The proof's canonical bytes."""
    lines = [HEADER]
    if proof.extra:
        lines.append(f"extra {base64.b64encode(proof.extra).decode()}")
    lines += [f"index {proof.index}", *(base64.b64encode(node).decode() for node in proof.path)]
    return "\n".join([*lines, "", ""]).encode() + format_note(proof.note)


def parse_tlog_proof(data: bytes) -> TlogProof:
    """The proof behind canonical bytes. It verifies nothing.

    Raises Malformed: not a proof, or another spelling of one.
    """
    # 1. The first empty line parts the proof from the checkpoint.
    end = data.find(b"\n\n", 0, _MAX_HEAD)
    if end < 0:
        raise Malformed("a proof is its lines, an empty line and a checkpoint")
    try:
        lines = data[:end].decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("a proof's own lines are ASCII") from error
    # 2. Header, extra data if there are any, index.
    if lines.pop(0) != HEADER:
        raise Malformed(f"a proof starts with {HEADER}")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = parse_base64(lines.pop(0).removeprefix("extra "), "a proof's extra data")
    index = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if index is None:
        raise Malformed("a proof has a line with the entry's index")
    # 3. The path, and the checkpoint as it is.
    path = tuple(parse_base64(line, "a proof's hash") for line in lines)
    proof = TlogProof(int(index[1]), path, parse_note(data[end + 2 :]), extra)
    if format_tlog_proof(proof) != data:
        raise Malformed("the proof is not in canonical form")
    return proof
