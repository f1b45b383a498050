"""Known pictures and clips, and which of them a file shows: the first stage of `takeback match`.

The hashes of the picture as shown, of its trimmed form, of its panels, or of a clip's moments, and the
complement of each, are asked for the eight flips of everything known: up to `MATCH_RADIUS` bits apart is a
match, up to `REVIEW_RADIUS` is for a person's look. Two clips agree by the share of their moments.

This module compares; `folder` reads files, and asks the second stage where this one knows nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from takeback.signals import clip, compare
from takeback.signals.clip import Verdict
from takeback.signals.model import (
    HASH_BITS,
    MATCH_RADIUS,
    MIN_QUALITY,
    REVIEW_RADIUS,
    Box,
    ClipSignals,
    Cut,
    Flip,
    Frame,
    Pdq,
    PictureSignals,
)

_FLIPS = len(Flip)
Signals = PictureSignals | ClipSignals


@dataclass(frozen=True, slots=True)
class Hit:
    """How a file and something known agree."""

    known: int
    """Its number in the folder."""
    verdict: Verdict
    stage: int
    """1: by hashes; 2: by points and their geometry."""
    variant: Cut | None = None
    """What of the file agrees; None in the second stage."""
    distance: int | None = None
    """Bits of 256 that differ; None in the second stage."""
    flip: Flip | None = None
    """How the known one was laid down for this; in the second stage, MIRROR or NONE."""
    negative: bool = False
    """The file shows the photographic negative."""
    box: Box | None = None
    """Where in the picture it was found, if not in all of it."""
    at_ms: int | None = None
    """When in the file's clip it was found first."""
    share: float | None = None
    """Of two clips: the larger share of moments that are in both, 0 to 1."""
    inliers: int | None = None
    """Points that agree in one geometry; None in the first stage."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One hash of a file, with where in the file it is from."""

    pdq: Pdq
    variant: Cut
    doubt: int = 0
    box: Box | None = None
    at_ms: int | None = None


def why_not_known(signals: Signals) -> str | None:
    """Why something must not be compared with, in words; None: it may."""
    match signals:
        case PictureSignals(whole=whole) if whole.quality < MIN_QUALITY:
            return (
                f"too little detail (quality {whole.quality}, at least {MIN_QUALITY}): it would match others"
            )
        case ClipSignals(frames=()):
            return "no moment of it has enough detail: it would match others"
        case _:
            return None


class Known:
    """Everything known, laid down in all eight ways, ready to be asked by several threads.

    Args:
        signals: of each, exact and with flips.
    """

    def __init__(self, signals: Sequence[Signals]) -> None:
        self._signals = tuple(signals)
        rows: list[bytes] = []
        owners: list[int] = []
        for number, each in enumerate(self._signals):
            flips = _flips_of(each)
            rows += flips
            owners += [number] * len(flips)
        self._rows: NDArray[np.uint8] = compare.stack(rows)
        self._owners = np.array(owners, dtype=np.intp)

    def __len__(self) -> int:
        return len(self._signals)

    def is_doubtful(self, signals: Signals) -> bool:
        """Whether a fast hash comes so near to something known that only the exact one can tell."""
        asked = [each for each in _hashes_of(signals) if each.doubt]
        reach = np.array([min(REVIEW_RADIUS + each.doubt, HASH_BITS) for each in asked])
        for negative in (False, True):
            found = compare.search(_rows_of(asked, negative=negative), self._rows, int(reach.max(initial=0)))
            if (found.distance <= reach[found.query]).any():
                return True
        return False

    def first_stage(self, signals: Signals) -> list[Hit]:
        """Everything known that a file shows by its hashes, the surest first."""
        asked = _hashes_of(signals)
        best: dict[int, Hit] = {}
        for negative in (False, True):
            found = compare.search(_rows_of(asked, negative=negative), self._rows, REVIEW_RADIUS)
            for query, row, distance in zip(*found, strict=True):
                flip = Flip(int(row) % _FLIPS)
                hit = _hit(asked[query], int(self._owners[row]), int(distance), flip, negative=negative)
                if hit.known not in best or surest_first(hit) < surest_first(best[hit.known]):
                    best[hit.known] = hit
        return sorted(
            filter(None, (self._by_shares(signals, hit) for hit in best.values())), key=surest_first
        )

    def _by_shares(self, signals: Signals, hit: Hit) -> Hit | None:
        """Two clips agree by the share of their moments; all else by its nearest hash."""
        known = self._signals[hit.known]
        if not (isinstance(signals, ClipSignals) and isinstance(known, ClipSignals)):
            return hit
        shown = _negative(signals) if hit.negative else signals
        found = clip.compare_clips(shown, known)
        verdict = clip.verdict(found)
        if verdict is not Verdict.MATCH:
            wider = clip.compare_clips(shown, known, REVIEW_RADIUS)
            wide = clip.verdict(wider) is Verdict.MATCH
            found, verdict = (wider, Verdict.REVIEW) if wide else (found, verdict)
        if verdict is Verdict.NONE:
            return None
        return replace(hit, verdict=verdict, share=max(found.query, found.bank))


def _hit(asked: _Asked, known: int, distance: int, flip: Flip, *, negative: bool) -> Hit:
    return Hit(
        known,
        Verdict.MATCH if distance <= MATCH_RADIUS else Verdict.REVIEW,
        1,
        asked.variant,
        distance,
        flip,
        negative,
        asked.box,
        asked.at_ms,
    )


def _hashes_of(signals: Signals) -> list[_Asked]:
    """All hashes of a file that are asked."""
    match signals:
        case PictureSignals(whole=whole, doubt=doubt, variants=variants):
            parts = [_Asked(each.pdq, each.cut, each.doubt, each.box) for each in variants]
            return [_Asked(whole, Cut.WHOLE, doubt), *parts]
        case ClipSignals(frames=frames):
            return [_Asked(frame.pdq, Cut.FRAME, at_ms=frame.at_ms) for frame in frames]


def _flips_of(signals: Signals) -> list[bytes]:
    """Eight hashes for a picture, or for each moment of a clip. Raises ValueError if they were not made."""
    every = (
        [signals.flips] if isinstance(signals, PictureSignals) else [each.flips for each in signals.frames]
    )
    if any(len(flips) != _FLIPS for flips in every):
        raise ValueError("what is known must have been read with its flips")
    return [pdq.hash for flips in every for pdq in flips]


def _rows_of(asked: Sequence[_Asked], *, negative: bool) -> NDArray[np.uint8]:
    rows = compare.stack([each.pdq.hash for each in asked])
    return ~rows if negative else rows


def _negative(shown: ClipSignals) -> ClipSignals:
    """The same clip with its colours inverted: a complement for each hash."""
    frames = (
        Frame(each.at_ms, Pdq(bytes(byte ^ 0xFF for byte in each.pdq.hash), each.pdq.quality))
        for each in shown.frames
    )
    return replace(shown, frames=tuple(frames))


def surest_first(hit: Hit) -> tuple[bool, int, int, bool, int, int]:
    """The order in which hits are shown: matches, fewer differing bits, the plainest explanation."""
    return (
        hit.verdict is not Verdict.MATCH,
        hit.stage,
        -(hit.inliers or 0) if hit.distance is None else hit.distance,
        hit.negative,
        0 if hit.variant is None else list(Cut).index(hit.variant),
        hit.flip or 0,
    )
