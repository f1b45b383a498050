"""Hashes of the tree's inner nodes, kept in tiles of 256 (C2SP tlog-tiles), so that a proof reads a few rows.

A tile of level 0 holds 256 leaf hashes, one of level 1 the roots of 256 tiles of level 0, and so on. Only
full tiles are stored, each with its root; the right edge follows from at most 255 leaves and 255 roots a
level. The sequencer fills them in the transaction that gives the places, and a log from before there were
tiles bit by bit. A tile that is missing is computed from what is below it: slower, never wrong. Tiles are
trusted as little as all that is stored: `check` computes them again, and a proof from a false tile does not
verify.
"""

from collections.abc import Sequence

from takeback.errors import LedgerBroken, NotFound
from takeback.infra.db.pool import Tx
from takeback.infra.ledger import store
from takeback_verify.core.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash, root_of

HEIGHT = 8
"""Levels of the tree in one tile."""
WIDTH = 1 << HEIGHT
"""Hashes in one full tile."""


def fill(tx: Tx, size: int, most: int) -> None:
    """Store the full tiles of a tree of `size` leaves that are missing, from at most `most` tiles of leaves.

    Must be called by the one who gives places.
    """
    first = store.tiles(tx, 0)
    for number in range(first, min(size // WIDTH, first + most)):
        _fill_up(tx, number, [leaf_hash(leaf) for leaf in _leaves(tx, number * WIDTH, WIDTH)])


def _fill_up(tx: Tx, number: int, hashes: Sequence[bytes]) -> None:
    """Store a tile of leaves, and the tiles above that it completes."""
    level = 0
    while True:
        store.insert_tile(tx, level, number, b"".join(hashes), root_of(hashes))
        level, place, number = level + 1, number % WIDTH, number // WIDTH
        if place != WIDTH - 1:
            return
        hashes = [root for _, root in store.tile_roots(tx, level - 1, number * WIDTH, WIDTH)]
        if len(hashes) != WIDTH:  # one was taken away: what is above it is computed when it is asked for
            return


class Tree:
    """The hashes of a tree of `size` leaves, read as they are asked for and kept for this object's life.

    Raises:
        NotFound: the log has not so many leaves.
    """

    def __init__(self, tx: Tx, size: int) -> None:
        placed = store.placed(tx)
        if not 0 <= size <= placed:
            raise NotFound(f"the log has {placed} entries, not {size}")
        self._tx = tx
        self._size = size
        self._rows: dict[tuple[int, int], list[bytes]] = {}
        self._subtrees: dict[tuple[int, int], list[list[bytes]]] = {}

    def root(self) -> bytes:
        """The tree's root hash."""
        return self.span(0, self._size) if self._size else EMPTY_ROOT

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """PATH(index, size) of RFC 9162, 2.1.3.1. Raises NotFound beyond the last leaf."""
        if not 0 <= index < self._size:
            raise NotFound(f"there is no entry {index} in a tree of {self._size}")
        path: list[bytes] = []
        low, high = 0, self._size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self.span(middle, high))
                high = middle
            else:
                path.append(self.span(low, middle))
                low = middle
        return tuple(reversed(path))

    def consistency(self, first: int) -> tuple[bytes, ...]:
        """PROOF(first, size) of RFC 9162, 2.1.4.1; empty if `first` is 0 or `size`. Raises NotFound."""
        if not 0 <= first <= self._size:
            raise NotFound(f"a tree of {self._size} entries never had {first}")
        if first in {0, self._size}:
            return ()
        proof: list[bytes] = []
        low, high, whole = 0, self._size, True
        while first != high:
            middle = low + _split(high - low)
            if first <= middle:
                proof.append(self.span(middle, high))
                high = middle
            else:
                proof.append(self.span(low, middle))
                low, whole = middle, False
        if not whole:
            proof.append(self.span(low, high))
        return tuple(reversed(proof))

    def span(self, low: int, high: int) -> bytes:
        """The root over the leaves from `low` up to `high`, as the RFC's recursion splits them."""
        count = high - low
        if count & (count - 1):
            middle = low + _split(count)
            return node_hash(self.span(low, middle), self.span(middle, high))
        level, row = divmod(count.bit_length() - 1, HEIGHT)
        first = low >> (level * HEIGHT)
        number, place = divmod(first, WIDTH)
        return self._folded(level, number)[row][place >> row]

    def row(self, level: int, number: int) -> Sequence[bytes]:
        """The hashes of one tile, full or at the right edge; empty beyond it."""
        return self._row(level, number) if number * WIDTH < self._size >> (level * HEIGHT) else ()

    def _row(self, level: int, number: int) -> list[bytes]:
        known = self._rows.get((level, number))
        if known is None:
            known = self._rows[level, number] = self._read(level, number)
        return known

    def _folded(self, level: int, number: int) -> list[list[bytes]]:
        """A tile's hashes, the roots of their pairs, of their fours, and so on, as far as they are full."""
        known = self._subtrees.get((level, number))
        if known is None:
            known = self._subtrees[level, number] = [self._row(level, number)]
            while len(known[-1]) > 1:
                pairs = zip(known[-1][::2], known[-1][1::2], strict=False)
                known.append([node_hash(left, right) for left, right in pairs])
        return known

    def _read(self, level: int, number: int) -> list[bytes]:
        # 1. Kept as a full tile.
        kept = store.tile(self._tx, level, number)
        count = min(WIDTH, (self._size >> (level * HEIGHT)) - number * WIDTH)
        if kept is not None:
            return [kept[at : at + HASH_BYTES] for at in range(0, count * HASH_BYTES, HASH_BYTES)]
        # 2. At the right edge, or not kept yet: from the leaves, or from the roots of the tiles below.
        if level == 0:
            return [leaf_hash(leaf) for leaf in _leaves(self._tx, number * WIDTH, count)]
        roots = dict(store.tile_roots(self._tx, level - 1, number * WIDTH, count))
        return [
            roots[each] if each in roots else root_of(self._read(level - 1, each))
            for each in range(number * WIDTH, number * WIDTH + count)
        ]


def _leaves(tx: Tx, first: int, count: int) -> list[bytes]:
    found = store.leaves(tx, first, count)
    if len(found) != count:
        raise LedgerBroken(f"entries are missing between places {first} and {first + count - 1}")
    return found


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
