"""The frames that stand for an animation, from what the container says. Pure.

All of a few. Of many: the first ones, the last, those that are shown longest, and others spread evenly.
"""

import struct
from collections.abc import Iterator, Sequence

MOST_FRAMES = 16
"""Of one animation, or pages of one TIFF, beside the first."""
_MOST_COUNTED = 65_535
"""A file may say that it has any number."""
_FIRST_ONES = 5
_LONGEST_ONES = 4
_PNG_CHUNKS = 8
_WEBP_CHUNKS = 12
_FCTL_DELAY = 20
_ANMF_DURATION = 12


def wanted(count: int, durations: Sequence[float], reach: int) -> list[int]:
    """Return the numbers of the frames to look at beside number 0, ascending, at most `MOST_FRAMES`.

    Args:
        count: how many frames the file says that it has.
        durations: how long each is shown, as far as it is known; empty: nothing is known.
        reach: frames beyond this number take too long to decode.
    """
    last = min(count - 1, reach, _MOST_COUNTED)
    if last <= MOST_FRAMES:
        return list(range(1, last + 1))
    longest = sorted(range(1, min(last + 1, len(durations))), key=lambda n: (-durations[n], n))
    chosen = {*range(1, _FIRST_ONES + 1), last, *longest[:_LONGEST_ONES]}
    rest = [number for number in range(1, last + 1) if number not in chosen]
    free = MOST_FRAMES - len(chosen)
    spread = (rest[(2 * step + 1) * len(rest) // (2 * free)] for step in range(free))
    return sorted(chosen.union(spread))


def durations(data: bytes) -> list[float]:
    """Return how long each frame of an animated PNG or WebP is shown, in seconds; else nothing."""
    if data.startswith(b"\x89PNG"):
        return list(_of_png(data))
    return list(_of_webp(data)) if data[8:12] == b"WEBP" else []


def _of_png(data: bytes) -> Iterator[float]:
    """Walk the chunks (PNG 3rd edition, section 11.3.6.2). A default image outside the animation counts."""
    at, animated = _PNG_CHUNKS, False
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT" and not animated:
            animated = True
            yield 0.0
        if kind == b"fcTL" and at + 8 + _FCTL_DELAY + 4 <= len(data):
            above, below = struct.unpack_from(">HH", data, at + 8 + _FCTL_DELAY)
            animated = True
            yield above / (below or 100)
        at += 12 + length


def _of_webp(data: bytes) -> Iterator[float]:
    """Walk the chunks (RFC 9649, section 2.7.1.1)."""
    at = _WEBP_CHUNKS
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind == b"ANMF" and length > _ANMF_DURATION + 3:
            at_time = at + 8 + _ANMF_DURATION
            yield int.from_bytes(data[at_time : at_time + 3], "little") / 1000
        at += 8 + length + (length & 1)
