"""When a post and a bank entry show the same: the one relation, asked from both sides. Pure.

A post is a few hashes, its parts: a picture's whole, its form without border and its panels, or a clip's
frames. An entry is rows: eight flips of a picture, or of each frame of a clip. Whoever comes last has the
pairs of parts and rows that lie near each other (`bank.index.Touch`) found by an index; what these pairs mean
is decided here and nowhere else, so the answer cannot depend on who came last.

    distance <= MATCH_RADIUS     the same
    ...      <= REVIEW_RADIUS    may be the same: for a person's eye, never acted on by itself
    two clips                    by the share of their moments within MATCH_RADIUS (`signals.clip`)

A hash that was made the fast way carries its doubt: how many bits it may be wrong. Nothing is decided by
such a hash. Within the radius *and its doubt* it is a reason to read the post again exactly (`needs_exact`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from takeback.bank.index import Rows, Touch, as_rows
from takeback.bank.model import EntryKind
from takeback.join.model import Hit
from takeback.sightings.model import Kind, Sighting
from takeback.signals import clip
from takeback.signals.model import (
    MATCH_RADIUS,
    MIN_QUALITY,
    REVIEW_RADIUS,
    Box,
    ClipSignals,
    Cut,
    Flip,
    Frame,
    PictureSignals,
    Variant,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One hash of a post, and what it was made of."""

    hash: bytes
    quality: int
    doubt: int
    """Bits by which it may be wrong; 0: exact."""
    cut: Cut
    box: Box | None = None
    at_ms: int | None = None

    @property
    def reach(self) -> int:
        """Up to which distance it can agree with anything; a hash without detail lies 48 bits from much."""
        return REVIEW_RADIUS if self.quality >= MIN_QUALITY else MATCH_RADIUS

    @property
    def radius(self) -> int:
        """How far to look for rows that could concern it: farther, the more it may be wrong."""
        return self.reach + self.doubt


@dataclass(frozen=True, slots=True)
class Shown:
    """What one post shows, ready to be compared."""

    parts: tuple[Part, ...]
    is_clip: bool

    @property
    def rows(self) -> Rows:
        """The parts' hashes."""
        return as_rows([part.hash for part in self.parts])

    @property
    def doubt(self) -> int:
        """The largest of its parts; 0: all of them are exact."""
        return max((part.doubt for part in self.parts), default=0)

    @property
    def radius(self) -> int:
        """The largest of its parts."""
        return max((part.radius for part in self.parts), default=0)


def shown_by(signals: PictureSignals | ClipSignals) -> Shown:
    """The parts of a reading: the whole first, then variants or frames in their order."""
    match signals:
        case PictureSignals(whole=whole, doubt=doubt, variants=variants):
            first = Part(whole.hash, whole.quality, doubt, Cut.WHOLE)
            return Shown((first, *map(_part, variants)), is_clip=False)
        case ClipSignals(frames=frames):
            return Shown(tuple(map(_moment, frames)), is_clip=True)


def shown_in(sighting: Sighting) -> Shown | None:
    """The same of a reading as it is stored; None if there is none."""
    if sighting.kind is Kind.CLIP:
        return Shown(tuple(map(_moment, sighting.frames)), is_clip=True)
    if sighting.hash is None:
        return None
    first = Part(sighting.hash, sighting.quality or 0, sighting.doubt, Cut.WHOLE)
    return Shown((first, *map(_part, sighting.variants)), is_clip=False)


def _part(variant: Variant) -> Part:
    return Part(variant.pdq.hash, variant.pdq.quality, variant.doubt, variant.cut, variant.box)


def _moment(frame: Frame) -> Part:
    return Part(frame.pdq.hash, frame.pdq.quality, 0, Cut.FRAME, at_ms=frame.at_ms)


def needs_exact(shown: Shown, touches: Iterable[Touch]) -> bool:
    """Whether what lies near a post may be decided only after it was read exactly."""
    return shown.doubt > 0 and any(touch.distance <= shown.parts[touch.part].radius for touch in touches)


def relate(
    shown: Shown, kind: EntryKind, frames: int, touches: Iterable[Touch], *, exact: bool = True
) -> Hit | None:
    """How a post and one entry agree; None if they do not.

    Args:
        shown: the post.
        kind: the entry's.
        frames: how many the entry has.
        touches: all pairs of the post's parts and this entry's rows within reach; more are ignored.
        exact: False if the hashes' doubt cannot be cleared any more, so that they count as they are.
    """
    near = [touch for touch in touches if touch.distance <= shown.parts[touch.part].reach]
    if shown.is_clip and kind is EntryKind.CLIP:
        return _relate_clips(shown, frames, near, exact=exact)
    if not near:
        return None
    best = min(near, key=_order)
    return _hit(shown, best, review_only=best.distance > MATCH_RADIUS, exact=exact)


def _order(touch: Touch) -> tuple[int, bool, int, int, int]:
    """Of equal distances the plain one, the lowest flip, and what comes first."""
    return touch.distance, touch.negative, touch.flip, touch.part, touch.frame


def _relate_clips(shown: Shown, frames: int, near: Sequence[Touch], *, exact: bool) -> Hit | None:
    """A clip is turned as a whole, so only pairs that agree in one way add up; the best way counts."""
    ways: dict[tuple[bool, int], list[Touch]] = {}
    for touch in near:
        if touch.distance <= MATCH_RADIUS:
            ways.setdefault((touch.negative, touch.flip), []).append(touch)
    if not ways:
        return None
    shares = {way: _shares(shown, frames, each) for way, each in ways.items()}
    way = min(ways, key=lambda way: (-max(shares[way].query, shares[way].bank), way))
    said = clip.verdict(shares[way])
    if said is clip.Verdict.NONE:
        return None
    return _hit(shown, min(ways[way], key=_order), review_only=said is clip.Verdict.REVIEW, exact=exact)


def _shares(shown: Shown, frames: int, touches: Sequence[Touch]) -> clip.Shares:
    return clip.Shares(
        query_matched=len({touch.part for touch in touches}),
        query_moments=len(shown.parts),
        bank_matched=len({touch.frame for touch in touches}),
        bank_moments=frames,
        nearest=min(touch.distance for touch in touches),
        flip=Flip(touches[0].flip),
    )


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
    )
