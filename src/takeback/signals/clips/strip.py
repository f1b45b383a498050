"""The moments of a clip that a reviewer is shown: an entry made of the clip is made of these. Pure.

A clip is too long to be seen whole, and may hold other people's pictures beside the reported one. So a few
moments stand for it, spread over its length and the same each time.
"""

from collections.abc import Sequence

from takeback.signals.model import Frame

MOST = 9
"""Moments that are shown: as many as fit beside a tile and are looked at."""


def strip(frames: Sequence[Frame], matched_ms: int | None = None) -> tuple[Frame, ...]:
    """Choose the moments that stand for a clip, in order of time; the one at `matched_ms` is among them.

    All of them, if there are no more than `MOST`; else the first, the last, and others spread between.
    """
    if len(frames) <= MOST:
        return tuple(frames)
    chosen = {round(number * (len(frames) - 1) / (MOST - 1)) for number in range(MOST)}
    matched = next((at for at, frame in enumerate(frames) if frame.at_ms == matched_ms), None)
    if matched is not None and matched not in chosen:
        between = chosen - {0, len(frames) - 1}
        chosen -= {min(between, key=lambda at: (abs(at - matched), at))}
        chosen.add(matched)
    return tuple(frames[at] for at in sorted(chosen))
