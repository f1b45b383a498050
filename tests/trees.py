"""Proofs of RFC 9162 from leaf hashes: as the RFC writes them, and quickly for many entries of one tree."""

from collections.abc import Sequence

from takeback_verify.core.merkle import node_hash, root_of


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


def prove_inclusion(index: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """PATH(index, leaves) of RFC 9162, 2.1.3.1, over leaf hashes."""
    if len(leaves) == 1:
        return ()
    split = _split(len(leaves))
    if index < split:
        return (*prove_inclusion(index, leaves[:split]), root_of(leaves[split:]))
    return (*prove_inclusion(index - split, leaves[split:]), root_of(leaves[:split]))


def prove_consistency(first: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """PROOF(first, leaves) of RFC 9162, 2.1.4.1, over leaf hashes; empty for 0 or the whole tree."""
    return _subproof(first, leaves, whole=True) if first else ()


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _subproof(first: int, leaves: Sequence[bytes], *, whole: bool) -> tuple[bytes, ...]:
    """SUBPROOF of RFC 9162, 2.1.4.1."""
    if first == len(leaves):
        return () if whole else (root_of(leaves),)
    split = _split(len(leaves))
    if first <= split:
        return (*_subproof(first, leaves[:split], whole=whole), root_of(leaves[split:]))
    return (*_subproof(first - split, leaves[split:], whole=False), root_of(leaves[:split]))
