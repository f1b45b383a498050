"""A witness's answer to a checkpoint: C2SP tlog-witness, add-checkpoint, in its order.

The decision is pure; `app` keeps the checkpoint before the cosignatures leave.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from takeback_verify.core.checkpoint import Checkpoint, parse_checkpoint
from takeback_verify.core.errors import Malformed, NotProven, VerifyError
from takeback_verify.core.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency
from takeback_verify.core.note import Note, parse_note
from takeback_verify.core.policy import Log, LogKey, Policy, open_of_log

MAX_PROOF = 63
"""Most hashes in a consistency proof."""
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """A checkpoint that a log wants to have cosigned."""

    old: int
    """Size that the proof starts from."""
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it is not cosigned."""

    status: int
    """HTTP status."""
    reason: str
    size: int | None = None
    """With 409: the size that was cosigned last."""
    contradicts: bool = False
    """Whether the log signed what does not contain what it signed before, or cannot show that it does."""


def parse_request(body: bytes) -> Request:
    """The request in a body. Raises Malformed."""
    head, blank, rest = body.partition(b"\n\n")
    if not blank:
        raise Malformed("a request is the old size, a proof, an empty line and a checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
    except (UnicodeDecodeError, binascii.Error) as error:
        raise Malformed("a consistency proof is hashes in base64, one a line") from error
    old = _OLD.fullmatch(first)
    if old is None:
        raise Malformed("the first line is `old` and a size")
    if len(proof) > MAX_PROOF or any(len(node) != HASH_BYTES for node in proof):
        raise Malformed(f"a consistency proof is at most {MAX_PROOF} hashes of {HASH_BYTES} bytes")
    note = parse_note(rest)
    return Request(int(old[1]), proof, note, parse_checkpoint(note.text))


def decide(request: Request, keys: Sequence[LogKey], last: Checkpoint | None) -> Refusal | None:
    """Decide whether a checkpoint may be cosigned; None: it may.

    `keys` are those of the log that it names, none if it is not watched; `last` is what was cosigned last.
    """
    return _not_signed(request, keys) or _not_grown(request, last)


def _not_signed(request: Request, keys: Sequence[LogKey]) -> Refusal | None:
    """1. A log that is watched, and signed by it with a key that is trusted."""
    if not keys:
        return Refusal(404, "this log is not watched here")
    try:
        open_of_log(Policy(tuple(map(Log, keys))), request.note)
    except VerifyError as error:
        return Refusal(403, str(error))
    return None


def _not_grown(request: Request, last: Checkpoint | None) -> Refusal | None:
    """2. It contains what was cosigned last."""
    new = request.checkpoint
    size, root = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
    if request.old > new.size:
        return Refusal(400, "the old size is larger than the checkpoint's")
    if request.old != size:
        return Refusal(409, "not what was cosigned last", size)
    if new.size == size and new.root != root:
        return Refusal(409, "another tree of the size that was cosigned last", size, contradicts=True)
    try:
        verify_consistency(size, new.size, request.proof, root, new.root)
    except NotProven as error:
        return Refusal(422, str(error), contradicts=True)
    return None
