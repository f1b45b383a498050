"""Which timestamped checkpoints a package takes along: few, and yet as good as all of them. Pure.

Authorities stamp the log each minute, so one case may lie under thousands of stamps. Two claims rest on them.
(1) The verifier tells of each event before when it was recorded; for that, one checkpoint soon after it is
enough, and events that lie together share one. Clocks differ by minutes, so minutes are what "soon" means.
(2) The package's own entry is stamped; that one bounds whatever nothing else does.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import accumulate

from takeback.infra.ledger.proofs import Stamp
from takeback_verify.core.exhibits import SKEW

SOON = SKEW
"""How much later than the best bound of an event the chosen one may be."""


def choose_sizes(
    stamps: Iterable[Stamp], places: Iterable[int], authorities: Collection[str], needed: int
) -> tuple[int, ...]:
    """The fewest checkpoints, by size, that bound the time of each entry almost as well as all would.

    Args:
        stamps: those that may be taken along.
        places: of the entries whose times the verifier tells.
        authorities: whose roots the trust file holds; others' stamps do not count.
        needed: how many different ones must have stamped a checkpoint.
    """
    usable = _usable(stamps, authorities, needed)
    if not usable:
        return ()
    sizes = sorted(usable)
    # The best bound of what lies below each size; and by rising time, the largest checkpoint so far.
    best = list(accumulate((usable[size] for size in reversed(sizes)), min))[::-1]
    by_time = sorted((at, size) for size, at in usable.items())
    times, largest = [at for at, _ in by_time], list(accumulate((size for _, size in by_time), max))
    chosen: list[int] = []
    for place in sorted(places):
        above = bisect_right(sizes, place)
        # The last one chosen came soon after an earlier event, so it is soon enough for this one, too.
        if above < len(sizes) and (not chosen or chosen[-1] <= place):
            chosen.append(largest[bisect_right(times, best[above] + SOON) - 1])
    return tuple(chosen)


def own_anchor(
    stamps: Iterable[Stamp], size: int, authorities: Collection[str], promised: int
) -> tuple[Stamp, ...]:
    """The stamps that prove the package's own entry: the first checkpoint that so many authorities stamped.

    Empty if there is none yet.

    Args:
        stamps: those over more entries than lie before the package's own.
        size: of the final checkpoint; what is larger cannot be proven in it.
        authorities: whose roots the trust file holds.
        promised: how many of them the package's list promises.
    """
    within = [each for each in stamps if each.size <= size and each.authority in authorities]
    first = min(_usable(within, authorities, promised), default=None)
    found = sorted((each.at, each.authority, each) for each in within if each.size == first)
    return tuple(each for _, _, each in found[:promised])


def _usable(stamps: Iterable[Stamp], authorities: Collection[str], needed: int) -> dict[int, datetime]:
    """Return when enough authorities had stamped each checkpoint, by its size."""
    times: defaultdict[int, list[datetime]] = defaultdict(list)
    for stamp in stamps:
        if stamp.authority in authorities:
            times[stamp.size].append(stamp.at)
    enough = max(needed, 1)
    return {size: sorted(found)[enough - 1] for size, found in times.items() if len(found) >= enough}
