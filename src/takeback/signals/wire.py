"""The words between the service and a decoder process: fixed-size heads, bytes behind them, no pickle.

The child is taken for hostile once it has seen a stranger's file, so its answers are parsed strictly: every
length is bounded, every value checked, and whatever does not fit is an error and the end of that child.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.decode import FORMATS
from takeback.signals.model import HASH_BYTES, Pdq


class Task(IntEnum):
    """What a child can be asked."""

    SIGNALS = 1
    PREVIEW = 2


class Outcome(IntEnum):
    """How a child answers."""

    READY = 1
    """Said once, after the confinement; the body names what took hold, one a line."""
    SIGNALS = 2
    PREVIEW = 3
    UNREADABLE = 4


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a question; `length` bytes of the file follow it."""

    task: Task
    length: int
    flips: bool = False
    """For signals: all eight hashes, not the one of the picture as shown."""
    max_side: int = 0
    blur: bool = False
    grey: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer; `length` bytes of body follow it."""

    outcome: Outcome
    length: int
    tired: bool
    """The child asks to be replaced: its processor time is running out, or it hit its memory limit."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a child found in a file; the service adds the file's SHA-256 itself."""

    width: int
    height: int
    format: str
    hashes: tuple[Pdq, ...]
    """Of the picture as shown, or the eight in the order of `Flip`."""


class BadAnswer(ValueError):
    """A child said something that it should not; it is not asked again."""


MAX_BODY = 32 << 20
_REQUEST = struct.Struct("!BQ?H??")
_ANSWER = struct.Struct("!BI?")
_SEEN = struct.Struct("!II4s")
_HASH = struct.Struct(f"!{HASH_BYTES}sB")
REQUEST_BYTES = _REQUEST.size
ANSWER_BYTES = _ANSWER.size
_MAX_QUALITY = 100


def format_request(request: Request) -> bytes:
    """The head as bytes."""
    return _REQUEST.pack(
        request.task, request.length, request.flips, request.max_side, request.blur, request.grey
    )


def parse_request(head: bytes) -> Request:
    """The inverse of `format_request`."""
    task, length, flips, max_side, blur, grey = _REQUEST.unpack(head)
    return Request(Task(task), length, flips, max_side, blur, grey)


def format_answer(answer: Answer) -> bytes:
    """The head as bytes."""
    return _ANSWER.pack(answer.outcome, answer.length, answer.tired)


def parse_answer(head: bytes) -> Answer:
    """The inverse of `format_answer`.

    Raises:
        BadAnswer: an unknown outcome, or a body too long to be one.
    """
    outcome, length, tired = _ANSWER.unpack(head)
    if outcome not in list(Outcome) or length > MAX_BODY:
        raise BadAnswer(f"outcome {outcome}, {length} bytes")
    return Answer(Outcome(outcome), length, tired)


def format_seen(seen: Seen) -> bytes:
    """Sizes, format and hashes as bytes."""
    head = _SEEN.pack(seen.width, seen.height, seen.format.encode("ascii"))
    return head + b"".join(_HASH.pack(pdq.hash, pdq.quality) for pdq in seen.hashes)


def parse_seen(body: bytes, max_pixels: int, *, hashes: int) -> Seen:
    """The inverse of `format_seen`.

    Args:
        body: as the child sent it.
        max_pixels: what it was allowed to decode.
        hashes: how many it was asked for.

    Raises:
        BadAnswer: the body is not exactly one well-formed answer.
    """
    if len(body) != _SEEN.size + hashes * _HASH.size:
        raise BadAnswer(f"{len(body)} bytes of signals")
    width, height, name = _SEEN.unpack_from(body)
    format_ = name.rstrip(b"\0").decode("ascii", "replace")
    found = tuple(Pdq(hash_, quality) for hash_, quality in _HASH.iter_unpack(body[_SEEN.size :]))
    if (
        format_ not in FORMATS
        or not 0 < width * height <= max_pixels
        or any(pdq.quality > _MAX_QUALITY for pdq in found)
    ):
        raise BadAnswer("impossible signals")
    return Seen(width, height, format_, found)


def parse_preview(body: bytes) -> bytes:
    """A preview is its own form.

    Raises:
        BadAnswer: not the beginning of a JPEG: a page that calls it a picture must not be handed something
        else.
    """
    if not body.startswith(b"\xff\xd8\xff"):
        raise BadAnswer("a preview that is no JPEG")
    return body


def format_unreadable(error: Unreadable) -> bytes:
    """Reason and detail as text."""
    return f"{error.why.value}\n{error.detail}".encode()


def parse_unreadable(body: bytes) -> Unreadable:
    """The inverse of `format_unreadable`; the detail is cut to one printable line.

    Raises:
        BadAnswer: no such reason.
    """
    why, _, detail = body.decode("utf-8", "replace").partition("\n")
    if why not in list(WhyUnreadable):
        raise BadAnswer("impossible reason")
    return Unreadable(WhyUnreadable(why), "".join(filter(str.isprintable, detail))[:200])
