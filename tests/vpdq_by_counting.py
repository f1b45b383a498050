"""vPDQ's comparison written out: every moment of one clip against every moment of the other, in each way.

The oracle for `signals.relation`, which reaches the same answer from what an index found, and the form in
which it is compared with the package `vpdq` itself.
"""

from collections.abc import Sequence

import numpy as np

from takeback.signals.clips.formats import Shares
from takeback.signals.index import compare
from takeback.signals.model import MATCH_RADIUS, ClipSignals, Flip


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
