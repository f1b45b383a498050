"""Known pictures and clips, and which of them a file shows: the first stage of `takeback match`.

They lie in the same index as the service's bank (`rows`) and are compared by the same `relation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from takeback.signals import rows
from takeback.signals.index import compare
from takeback.signals.index.hamming import HammingIndex
from takeback.signals.model import FLIPS, MIN_QUALITY, ClipSignals, Cut, Kind, PictureSignals
from takeback.signals.relation import Hit, Shown, Touch, agree_as_clips, relate
from takeback.signals.rows import row_ids

Signals = PictureSignals | ClipSignals


class Verdict(StrEnum):
    """The result of comparing one file with what is known."""

    MATCH = "match"
    REVIEW = "review"
    """A person has to look."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Found:
    """A known thing that a file shows."""

    known: int
    """Its number in the folder."""
    hit: Hit
    share: float | None = None
    """Of two clips: the larger share of moments that are in both, 0 to 1."""

    @property
    def verdict(self) -> Verdict:
        """MATCH, or REVIEW."""
        return Verdict.REVIEW if self.hit.review_only else Verdict.MATCH


def why_not_known(signals: Signals) -> str | None:
    """Return why something must not be compared with; None: it may be."""
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
    """Everything known, laid down in all eight ways; any number of threads may ask. Signals are read exactly,
    with flips.
    """

    def __init__(self, signals: Sequence[Signals]) -> None:
        laid = [_flips_of(each) for each in signals]
        self._frames = np.array([len(flips) // FLIPS for flips in laid], np.uint16)
        self._kinds = [Kind.CLIP if isinstance(each, ClipSignals) else Kind.PICTURE for each in signals]
        self._index = HammingIndex()
        ids = row_ids(np.arange(len(laid)), self._frames)
        self._index.add(ids, compare.stack([value for flips in laid for value in flips]))

    def __len__(self) -> int:
        return len(self._kinds)

    def near(self, shown: Shown) -> list[Touch]:
        """Return what lies near enough to matter, even if each hash is as wrong as it may be."""
        return rows.near(lambda asked, radius: rows.search(self._index, asked, radius), {0: shown})[0]

    def first_stage(self, shown: Shown, near: Sequence[Touch]) -> list[Found]:
        """Return what a file shows by its hashes, the surest first; the hashes count as they are."""
        touches: dict[int, list[Touch]] = {}
        for touch in near:
            touches.setdefault(touch.entry, []).append(touch)
        found = (self._found(shown, number, each) for number, each in touches.items())
        return sorted((each for each in found if each is not None), key=surest_first)

    def _found(self, shown: Shown, number: int, touches: Sequence[Touch]) -> Found | None:
        kind, frames = self._kinds[number], int(self._frames[number])
        hit = relate(shown, kind, frames, touches)
        if hit is None:
            return None
        together = agree_as_clips(shown, frames, touches) if shown.is_clip and kind is Kind.CLIP else None
        return Found(number, hit, None if together is None else together.share)


def surest_first(found: Found) -> tuple[bool, int, int, bool, int, int]:
    """Return the key of the order in which findings are shown: matches, fewer differing bits, the plainest
    explanation.
    """
    hit = found.hit
    return (
        hit.review_only,
        hit.stage,
        -(hit.inliers or 0) if hit.distance is None else hit.distance,
        hit.negative,
        list(Cut).index(hit.cut),
        hit.flip,
    )


def _flips_of(signals: Signals) -> list[bytes]:
    every = (
        [signals.flips] if isinstance(signals, PictureSignals) else [each.flips for each in signals.frames]
    )
    if any(len(flips) != FLIPS for flips in every):
        raise ValueError("what is known must have been read with its flips")
    return [pdq.hash for flips in every for pdq in flips]
