"""When a post and something known show the same: the one relation, whoever asks. Pure.

A post is a few hashes, its parts: a picture's whole, its form without border and its panels, or a clip's
frames. What is known, a bank entry or a file, is rows: eight flips of a picture, or of each frame of a clip.
An index finds pairs of parts and rows that lie near each other (`Touch`). Only this module decides what they
mean, so the answer is the same for a live post, a look-back and `takeback match`.

    distance <= MATCH_RADIUS     the same
    ...      <= REVIEW_RADIUS    may be the same: a person decides, nothing acts on it
    two clips                    by the share of their moments

Two clips agree as vPDQ says ("vPDQ: video PDQ", Meta's ThreatExchange, 2022): the larger of two shares
counts, since a piece of a known clip has nearly all of its frames in the bank, and a long clip that contains
a known one has nearly all of the bank's. The order of frames is not asked, or a copy played backwards would
go free.

A fast hash carries its doubt: how many bits it may be wrong. Nothing is decided by it. Within the radius and
its doubt, the post is read again exactly (`needs_exact`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from takeback.signals.index import compare
from takeback.signals.model import (
    MATCH_RADIUS,
    MIN_QUALITY,
    REVIEW_RADIUS,
    Box,
    ClipSignals,
    Cut,
    Frame,
    Kind,
    PictureSignals,
    Variant,
)

MATCH_SHARE = 0.5
"""At least half of what one of two clips shows is in the other. vPDQ's users take 0.8 of the query; of a true
copy that was cut, a third of the moments may have no partner, since the camera had moved on."""
Rows = NDArray[np.uint8]
"""[n, 32]."""


class Touch(NamedTuple):
    """A hash of a post that lies near one row of an entry."""

    part: int
    """Number of the hash."""
    entry: int
    """The entry's number."""
    frame: int
    """0 for a picture's."""
    flip: int
    negative: bool
    """Its complement does."""
    distance: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A post and an entry that show the same, and how they were found."""

    distance: int | None
    """Differing bits of 256 of the best pair; None: not found by a hash (stage 2)."""
    flip: int
    """Which of `signals.model.Flip` the entry had to be laid down by."""
    negative: bool
    """The post shows the photographic negative."""
    cut: Cut = Cut.WHOLE
    """Which part of the post it was."""
    box: Box | None = None
    """Where that part lies; None: it is all of the picture."""
    at_ms: int | None = None
    """When in the post's clip, in milliseconds; None: the post is a picture."""
    review_only: bool = False
    """May be the same: only a person says so, and nothing is removed for it before."""
    exact: bool = True
    """False: known by the fast hash only, because the post was gone before it could be read again."""
    stage: int = 1
    """1: by hashes; 2: by the geometry of details, always for review only."""
    inliers: int | None = None
    """Of stage 2: how many details agree in their places."""
    view: str = ""
    """Which of the file's views it was (`files.names`); empty: the file as ordinarily shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """A hash of a post, and what it was made of."""

    hash: bytes
    quality: int
    doubt: int
    """Bits by which it may be wrong; 0: exact."""
    cut: Cut
    box: Box | None = None
    at_ms: int | None = None
    view: str = ""

    @property
    def reach(self) -> int:
        """Bits up to which it can agree with anything; a hash without detail lies 48 bits from much."""
        return REVIEW_RADIUS if self.quality >= MIN_QUALITY else MATCH_RADIUS

    @property
    def radius(self) -> int:
        """Bits within which rows could concern it."""
        return self.reach + self.doubt


@dataclass(frozen=True, slots=True)
class Shown:
    """The parts of a post, ready to be compared."""

    parts: tuple[Part, ...]
    is_clip: bool

    @property
    def rows(self) -> Rows:
        """The parts' hashes."""
        return compare.stack([part.hash for part in self.parts])

    @property
    def doubt(self) -> int:
        """The largest of its parts; 0: all are exact."""
        return max((part.doubt for part in self.parts), default=0)

    @property
    def radius(self) -> int:
        """The largest of its parts."""
        return max((part.radius for part in self.parts), default=0)


def shown_by(signals: PictureSignals | ClipSignals) -> Shown:
    """Return the parts of a reading: the whole first, then variants or frames in their order."""
    match signals:
        case PictureSignals(whole=whole, doubt=doubt, variants=variants):
            first = Part(whole.hash, whole.quality, doubt, Cut.WHOLE)
            return Shown((first, *map(part_from, variants)), is_clip=False)
        case ClipSignals(frames=frames):
            return Shown(tuple(map(moment_of, frames)), is_clip=True)


def part_from(variant: Variant) -> Part:
    """Return a variant as a part of a post."""
    box = None if variant.cut in (Cut.WHOLE, Cut.FRAME) else variant.box
    return Part(variant.pdq.hash, variant.pdq.quality, variant.doubt, variant.cut, box, view=variant.view)


def moment_of(frame: Frame) -> Part:
    """Return a clip's moment as a part; clips are always read exactly."""
    return Part(frame.pdq.hash, frame.pdq.quality, 0, Cut.FRAME, at_ms=frame.at_ms, view=frame.view)


def part_of(reading: PictureSignals | ClipSignals, hit: Hit) -> Variant | None:
    """Return the part of a file that a hit speaks of, with its flips; None: the reading has no such part.

    The reading is of the same bytes, made with `flips=True, exact=True`. Stage 2 names no part of a reading:
    its box is the place of the agreement, and `Decoder.part` hashes any box.
    """
    if hit.stage != 1:
        return None
    match reading:
        case PictureSignals():
            ordinary = Box(0, 0, reading.width, reading.height)
            first = Variant(Cut.WHOLE, ordinary, reading.whole, reading.doubt, reading.flips)
            parts = (first, *reading.variants)
        case ClipSignals():
            parts = tuple(
                _moment_shown(reading, frame) for frame in reading.frames if frame.at_ms == hit.at_ms
            )
    return next((part for part in parts if _is_of(part, hit)), None)


def _moment_shown(clip_: ClipSignals, frame: Frame) -> Variant:
    box = Box(0, 0, clip_.width, clip_.height)
    return Variant(Cut.FRAME, box, frame.pdq, 0, frame.flips, frame.view)


def _is_of(part: Variant, hit: Hit) -> bool:
    return part.view == hit.view and part.cut is hit.cut and hit.box in (None, part.box)


def needs_exact(shown: Shown, touches: Iterable[Touch]) -> bool:
    """Return whether a post must be read exactly before anything near it is decided."""
    return shown.doubt > 0 and any(touch.distance <= shown.parts[touch.part].radius for touch in touches)


def relate(
    shown: Shown, kind: Kind, frames: int, touches: Iterable[Touch], *, exact: bool = True
) -> Hit | None:
    """Return how a post and one entry agree; None: they do not.

    Args:
        shown: the post.
        kind: the entry's.
        frames: how many the entry has.
        touches: all pairs of the post's parts and this entry's rows within reach; others are ignored.
        exact: False if the hashes' doubt cannot be cleared any more, so that they count as they are.
    """
    near = _within_reach(shown, touches)
    if shown.is_clip and kind is Kind.CLIP:
        together = agree_as_clips(shown, frames, near)
        if together is None:
            return None
        return _hit(shown, together.nearest, review_only=not together.sure, exact=exact)
    if not near:
        return None
    best = min(near, key=_order)
    return _hit(shown, best, review_only=best.distance > MATCH_RADIUS, exact=exact)


def _within_reach(shown: Shown, touches: Iterable[Touch]) -> list[Touch]:
    return [touch for touch in touches if touch.distance <= shown.parts[touch.part].reach]


def _order(touch: Touch) -> tuple[int, bool, int, int, int]:
    return touch.distance, touch.negative, touch.flip, touch.part, touch.frame


class Together(NamedTuple):
    """How two clips agree."""

    share: float
    """The larger share of moments that are in both, 0 to 1."""
    nearest: Touch
    sure: bool
    """False: for a person's eye."""


def agree_as_clips(shown: Shown, frames: int, touches: Iterable[Touch]) -> Together | None:
    """Return how two clips agree by the share of their moments; None: they do not.

    Enough moments within MATCH_RADIUS are a match. A few of them, or enough within REVIEW_RADIUS, are for a
    person.
    """
    near = _within_reach(shown, touches)
    close = _best_way(shown, frames, [touch for touch in near if touch.distance <= MATCH_RADIUS])
    if close is not None and close.sure:
        return close
    wide = _best_way(shown, frames, near)
    if wide is not None and wide.sure:
        return wide._replace(sure=False)
    return close


def _best_way(shown: Shown, frames: int, near: Sequence[Touch]) -> Together | None:
    """Return the best agreement. A clip is turned as a whole, so only pairs of one way to lay it down add
    up.
    """
    ways: dict[tuple[bool, int], list[Touch]] = {}
    for touch in near:
        ways.setdefault((touch.negative, touch.flip), []).append(touch)
    if not ways:
        return None
    shares = {way: _share(shown, frames, each) for way, each in ways.items()}
    way = min(ways, key=lambda way: (-shares[way], way))
    return Together(shares[way], min(ways[way], key=_order), sure=shares[way] >= MATCH_SHARE)


def _share(shown: Shown, frames: int, touches: Sequence[Touch]) -> float:
    of_post = len({touch.part for touch in touches}) / len(shown.parts)
    return max(of_post, len({touch.frame for touch in touches}) / frames)


def _hit(shown: Shown, touch: Touch, *, review_only: bool, exact: bool) -> Hit:
    part = shown.parts[touch.part]
    return Hit(
        touch.distance,
        touch.flip,
        touch.negative,
        part.cut,
        part.box,
        part.at_ms,
        review_only=review_only,
        exact=exact or part.doubt == 0,
        view=part.view,
    )
