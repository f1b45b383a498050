"""Paths of many entries of one tree, quickly: a test's package may hold thousands."""

from collections.abc import Sequence

from takeback_verify.merkle import node_hash


class Tree:
    """Paths of many entries of one tree: each subtree is hashed once."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self._hashes = hashes
        self._roots: dict[tuple[int, int], bytes] = {}

    def path(self, index: int) -> tuple[bytes, ...]:
        """PATH(index, whole tree) of RFC 9162, 2.1.3.1."""
        begin, end, found = 0, len(self._hashes), list[bytes]()
        while end - begin > 1:
            middle = begin + (1 << (end - begin - 1).bit_length() - 1)
            if index < middle:
                found.append(self._root(middle, end))
                end = middle
            else:
                found.append(self._root(begin, middle))
                begin = middle
        return tuple(reversed(found))

    def _root(self, begin: int, end: int) -> bytes:
        if end - begin == 1:
            return self._hashes[begin]
        if (begin, end) not in self._roots:
            middle = begin + (1 << (end - begin - 1).bit_length() - 1)
            self._roots[begin, end] = node_hash(self._root(begin, middle), self._root(middle, end))
        return self._roots[begin, end]
