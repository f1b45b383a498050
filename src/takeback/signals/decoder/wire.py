"""The protocol between the service and a decoder process: fixed-size heads, bytes behind them, no pickle.

The child is taken for hostile once it has seen a stranger's file. So its answers are parsed strictly: every
length is bounded, every value checked, and whatever does not fit is an error and the end of that child.
"""

import json
import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Any

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.clips.formats import FORMATS as CLIP_FORMATS
from takeback.signals.clips.formats import MAX_FRAMES, MAX_MS
from takeback.signals.files import kind
from takeback.signals.model import (
    HASH_BYTES,
    MIN_QUALITY,
    MOST_PARTS,
    Box,
    ClipSignals,
    Cut,
    Flip,
    Frame,
    Pdq,
    PictureSignals,
    Variant,
)
from takeback.signals.parts import names
from takeback.signals.parts.decode import FORMATS, ICONS
from takeback.signals.parts.panels import MOST_CUTS
from takeback.signals.pdq.hashing import MAX_DOUBT


class Task(IntEnum):
    """Questions to a child."""

    SIGNALS = 1
    PREVIEW = 2
    CLIP = 3
    FEATURES = 4
    PART = 5
    """One part of one view, exactly, in all eight ways."""


class Outcome(IntEnum):
    """Answers of a child."""

    READY = 1
    """Said once, after the confinement; the body names what took hold, one a line."""
    SIGNALS = 2
    PREVIEW = 3
    UNREADABLE = 4
    CLIP = 5
    FEATURES = 6
    PART = 7


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a question; `length` bytes of the file follow it."""

    task: Task
    length: int
    flips: bool = False
    """For signals: all eight hashes of everything, not the one of how it is shown."""
    exact: bool = False
    """For the signals of a picture: from its full size, whatever that costs."""
    max_side: int = 0
    blur: bool = False
    grey: bool = False
    at_ms: int | None = None
    """For the preview of a clip: the moment; None: the first that shows something."""
    box: Box | None = None
    """For features and a part: this part alone, in pixels of the view; None: the whole (and its parts)."""
    view: str = ""
    """For a preview, features and a part: which of the file's views (`files.names`)."""
    most_ms: int = 0
    """A file that costs more milliseconds by its header (`cost`) is refused undecoded; 0: none is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer; `length` bytes of body follow it."""

    outcome: Outcome
    length: int
    tired: bool
    """The child asks to be replaced: its time is running out, or a file left it large."""
    spent_ms: int = 0
    """Processor time that the answer took."""


class BadAnswer(ValueError):
    """An answer that no honest child gives; the child is not asked again."""


MAX_BODY = 32 << 20
_LENGTH = struct.Struct("!I")
_ANSWER = struct.Struct("!BI?I")
_SEEN = struct.Struct("!II5sBBHH")
_SEEN_CLIP = struct.Struct("!II8sIHB")
_HASH = struct.Struct(f"!{HASH_BYTES}sB")
_VARIANT = struct.Struct("!BIIIIBB")
_FRAME = struct.Struct("!IB")
_CUTS = (Cut.TRIMMED, Cut.PANEL, Cut.WHOLE, Cut.FRAME)
_BEGINS_A_VIEW = (Cut.WHOLE, Cut.FRAME)
_BLACK = "black"
LENGTH_BYTES = _LENGTH.size
ANSWER_BYTES = _ANSWER.size
_MAX_QUALITY = 100


def format_request(request: Request) -> bytes:
    """Return the head as bytes: JSON behind its length."""
    body = json.dumps(asdict(request)).encode()
    return _LENGTH.pack(len(body)) + body


def parse_request(body: bytes) -> Request:
    """Undo `format_request`, behind the length."""
    said = json.loads(body)
    box = said["box"]
    return Request(**said | {"task": Task(said["task"]), "box": None if box is None else Box(**box)})


def format_answer(answer: Answer) -> bytes:
    """Return the head as bytes."""
    return _ANSWER.pack(answer.outcome, answer.length, answer.tired, answer.spent_ms)


def parse_answer(head: bytes) -> Answer:
    """Undo `format_answer`. Raises BadAnswer: an unknown outcome, or a body too long to be one."""
    outcome, length, tired, spent_ms = _ANSWER.unpack(head)
    if outcome not in list(Outcome) or length > MAX_BODY:
        raise BadAnswer(f"outcome {outcome}, {length} bytes")
    return Answer(Outcome(outcome), length, tired, spent_ms)


def format_seen(seen: PictureSignals) -> bytes:
    """Return sizes, format, hashes and variants as bytes."""
    head = _SEEN.pack(
        seen.width,
        seen.height,
        seen.format.encode("ascii"),
        seen.doubt,
        len(seen.flips),
        len(seen.variants),
        seen.left_out,
    )
    parts = [head, _format_hashes((seen.whole, *seen.flips))]
    parts += map(format_part, seen.variants)
    return b"".join(parts)


def parse_seen(body: bytes, max_pixels: int, *, flips: bool, exact: bool) -> PictureSignals:
    """Undo `format_seen`, for what was asked for and may be decoded. Raises BadAnswer."""
    rest = _Rest(body)
    width, height, name, doubt, laid, parts, left_out = rest.take(_SEEN)
    hashes = 1 + len(Flip) * flips
    if laid != hashes - 1 or parts > MOST_PARTS:
        raise BadAnswer("signals that were not asked for")
    whole, *eight = rest.hashes(hashes)
    variants = tuple(_parse_variant(rest, hashes) for _ in range(parts))
    rest.end()
    format_ = name.rstrip(b"\0").decode("ascii", "replace")
    seen = PictureSignals(b"", whole, width, height, format_, tuple(eight), variants, doubt, left_out)
    if (
        format_ not in (*FORMATS, *ICONS, *kind.FORMATS)
        or not 0 < width * height <= max_pixels
        or not _are_possible(variants, Box(0, 0, width, height), max_pixels)
        or max([doubt, *(one.doubt for one in variants)]) > (0 if exact else MAX_DOUBT)
    ):
        raise BadAnswer("impossible signals")
    return seen


def format_clip(seen: ClipSignals) -> bytes:
    """Return sizes, format and moments as bytes."""
    laid = len(seen.frames[0].flips) if seen.frames else 0
    head = _SEEN_CLIP.pack(
        seen.width, seen.height, seen.format.encode("ascii"), seen.duration_ms, len(seen.frames), laid
    )
    return head + b"".join(
        _FRAME.pack(frame.at_ms, frame.view == _BLACK) + _format_hashes((frame.pdq, *frame.flips))
        for frame in seen.frames
    )


def parse_clip(body: bytes, max_pixels: int, *, flips: bool) -> ClipSignals:
    """Undo `format_clip`, for what was asked for and may be decoded. Raises BadAnswer."""
    rest = _Rest(body)
    width, height, name, duration_ms, moments, laid = rest.take(_SEEN_CLIP)
    hashes = 1 + len(Flip) * flips
    if moments > MAX_FRAMES or laid != (hashes - 1 if moments else 0):
        raise BadAnswer("moments that were not asked for")
    frames = []
    for _ in range(moments):
        at_ms, on_black = rest.take(_FRAME)
        if on_black > 1:
            raise BadAnswer("an impossible background")
        pdq, *eight = rest.hashes(hashes)
        frames.append(Frame(at_ms, pdq, tuple(eight), _BLACK if on_black else ""))
    rest.end()
    format_ = name.rstrip(b"\0").decode("ascii", "replace")
    if (
        format_ not in CLIP_FORMATS
        or not 0 < width * height <= max_pixels
        or any(_place(later) <= _place(frame) for frame, later in pairwise(frames))
        or any(frame.pdq.quality < MIN_QUALITY or frame.at_ms > MAX_MS for frame in frames)
        or duration_ms > MAX_MS
    ):
        raise BadAnswer("an impossible clip")
    return ClipSignals(b"", width, height, format_, duration_ms, tuple(frames))


def _place(frame: Frame) -> tuple[int, str]:
    return frame.at_ms, frame.view


class _Rest:
    """The part of a body that is not read yet. All methods raise BadAnswer."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, form: struct.Struct) -> tuple[Any, ...]:
        """Return the next values."""
        if len(self._body) - self._at < form.size:
            raise BadAnswer(f"{len(self._body)} bytes of signals")
        self._at += form.size
        return form.unpack_from(self._body, self._at - form.size)

    def text(self, length: int) -> str:
        """Return the next characters, of ASCII."""
        found = self._body[self._at : self._at + length]
        self._at += length
        if len(found) != length or not found.isascii():
            raise BadAnswer("no name of a view")
        return found.decode("ascii")

    def hashes(self, count: int) -> list[Pdq]:
        """Return the next hashes; the second, where there are more, is the first again: as shown."""
        found = [Pdq(*self.take(_HASH)) for _ in range(count)]
        if any(pdq.quality > _MAX_QUALITY for pdq in found) or found[:1] != found[1:2] != []:
            raise BadAnswer("impossible hashes")
        return found

    def end(self) -> None:
        """Check that nothing follows."""
        if self._at != len(self._body):
            raise BadAnswer(f"{len(self._body) - self._at} bytes behind the signals")


def _format_hashes(hashes: tuple[Pdq, ...]) -> bytes:
    return b"".join(_HASH.pack(pdq.hash, pdq.quality) for pdq in hashes)


def format_part(variant: Variant) -> bytes:
    """Return place, view and hashes of one part."""
    box, view = variant.box, variant.view.encode("ascii")
    code = _CUTS.index(variant.cut)
    head = _VARIANT.pack(code, box.left, box.top, box.width, box.height, variant.doubt, len(view))
    return head + view + _format_hashes((variant.pdq, *variant.flips))


def parse_part(body: bytes, max_pixels: int, asked: Request) -> Variant:
    """Undo `format_part`, of the part that was asked for. Raises BadAnswer."""
    rest = _Rest(body)
    part = _parse_variant(rest, 1 + len(Flip))
    rest.end()
    box = part.box
    if part.doubt or part.view != asked.view or box.width * box.height > max_pixels:
        raise BadAnswer("a part that was not asked for")
    if asked.box not in (None, box) or 0 in (box.width, box.height):
        raise BadAnswer("a part that was not asked for")
    return part


def _parse_variant(rest: _Rest, hashes: int) -> Variant:
    code, left, top, width, height, doubt, length = rest.take(_VARIANT)
    view = rest.text(length)
    if code >= len(_CUTS) or not names.is_view(view):
        raise BadAnswer("impossible part")
    pdq, *eight = rest.hashes(hashes)
    return Variant(_CUTS[code], Box(left, top, width, height), pdq, doubt, tuple(eight), view)


def _are_possible(variants: tuple[Variant, ...], ordinary: Box, max_pixels: int) -> bool:
    """Return whether each view begins with all of it, and its parts lie inside, the trimmed form first."""
    view, whole, parts, known = "", ordinary, 0, {""}
    for one in variants:
        if one.cut in _BEGINS_A_VIEW:
            if one.view in known or not _is_a_view(one, max_pixels):
                return False
            view, whole, parts = one.view, one.box, 0
            known.add(view)
            continue
        parts += 1
        if one.view != view or parts > MOST_CUTS or (one.cut is Cut.TRIMMED and parts > 1):
            return False
        if not _is_inside(one, whole):
            return False
    return True


def _is_a_view(one: Variant, max_pixels: int) -> bool:
    fits = (one.box.left, one.box.top) == (0, 0) and 0 < one.box.width * one.box.height <= max_pixels
    is_moment = names.moment_in(one.view) is not None
    return fits and (one.cut is Cut.FRAME) == is_moment and (not is_moment or one.pdq.quality >= MIN_QUALITY)


def _is_inside(one: Variant, whole: Box) -> bool:
    box = one.box
    return (
        one.pdq.quality >= MIN_QUALITY
        and 0 < box.width <= whole.width - box.left
        and 0 < box.height <= whole.height - box.top
    )


def parse_features(body: bytes) -> bytes:
    """Return features as they are; `features.parse_features` checks them."""
    return body


def parse_preview(body: bytes) -> bytes:
    """Return a preview. Raises BadAnswer: it is no JPEG, and a page must not be handed something else."""
    if not body.startswith(b"\xff\xd8\xff"):
        raise BadAnswer("a preview that is no JPEG")
    return body


def format_unreadable(error: Unreadable) -> bytes:
    """Return reason and detail as text."""
    return f"{error.why.value}\n{error.detail}".encode()


def parse_unreadable(body: bytes) -> Unreadable:
    """Undo `format_unreadable`; the detail is cut to one printable line. Raises BadAnswer: no such reason."""
    why, _, detail = body.decode("utf-8", "replace").partition("\n")
    if why not in list(WhyUnreadable):
        raise BadAnswer("impossible reason")
    return Unreadable(WhyUnreadable(why), "".join(filter(str.isprintable, detail))[:200])
