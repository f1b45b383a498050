"""A whole look-back, where the service goes step by step; and a sweep of the table instead of the cache."""

from typing import NamedTuple

import numpy as np

from takeback.matching import service as matching
from takeback.sightings import packed
from takeback.sightings import store as sightings
from takeback.signals.index import compare

PAGE = 50_000


class Near(NamedTuple):
    """A post near what was asked."""

    sighting: int


class Scan:
    """Finds what a `Sweeper` finds, by reading the table."""

    def __init__(self, database) -> None:
        self._database = database

    def near(self, queries, radius: int) -> list[Near]:
        found, after = set(), 0
        with self._database.transaction() as tx:
            while page := sightings.page(tx, after, 2**62, PAGE):
                after = page[-1][0]
                for _, sighting, whole, parts in page:
                    own = [packed.hashes(parts)] + ([] if whole is None else [compare.stack([whole])])
                    if compare.search(queries, np.concatenate(own), radius).row.size:
                        found.add(sighting)
        return [Near(sighting) for sighting in sorted(found)]


def look_back(database, entry, now, sweeper=None) -> int:
    """Compare an entry with everything that passed; how many new matches there were."""
    found, after = 0, 0
    while after is not None:
        more, after = matching.look_back_step(database, entry, now, sweeper or Scan(database), after=after)
        found += more
    return found
