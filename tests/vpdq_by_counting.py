"""vPDQ's comparison written out: every moment of one clip against every moment of the other, in each way.

The oracle for `signals.relation`, which reaches the same answer from what an index found, and the form in
which it is compared with the package `vpdq` itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from takeback.signals.index import compare
from takeback.signals.known import Verdict
from takeback.signals.model import MATCH_RADIUS, ClipSignals, Flip
from takeback.signals.relation import MATCH_SHARE


@dataclass(frozen=True)
class Shares:
    """How much of two clips agrees: moments of each that the other has, and all of its moments."""

    query_matched: int
    query_moments: int
    bank_matched: int
    bank_moments: int

    @property
    def query(self) -> float:
        return self.query_matched / self.query_moments if self.query_moments else 0.0

    @property
    def bank(self) -> float:
        return self.bank_matched / self.bank_moments if self.bank_moments else 0.0


def verdict(found: Shares) -> Verdict:
    """What the shares of two clips say, or of a picture (one moment) and a clip."""
    if max(found.query, found.bank) >= MATCH_SHARE:
        return Verdict.MATCH
    return Verdict.REVIEW if found.query_matched else Verdict.NONE


def shares(query: Sequence[bytes], bank: Sequence[bytes], radius: int = MATCH_RADIUS) -> Shares:
    """Of two clips by the hashes of their moments; a picture has one moment."""
    if not query or not bank:
        return Shares(0, len(query), 0, len(bank))
    near = compare.search(compare.stack(list(query)), compare.stack(list(bank)), radius)
    return Shares(np.unique(near.query).size, len(query), np.unique(near.row).size, len(bank))


def compare_clips(query: ClipSignals, bank: ClipSignals, radius: int = MATCH_RADIUS) -> tuple[Shares, Flip]:
    """The bank's clip laid down in all eight ways; a clip is turned as a whole, so the best way counts."""
    moments = [frame.pdq.hash for frame in query.frames]
    each = [
        (shares(moments, [frame.flips[flip].hash for frame in bank.frames], radius), flip) for flip in Flip
    ]
    return max(each, key=lambda found: (max(found[0].query, found[0].bank), -found[1]))
