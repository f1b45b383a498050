"""The tree of RFC 6962 / RFC 9162: hashes, a frontier that appends to it, and the checks of its proofs.

The frontier (the roots of the full subtrees, largest first) is all that is needed to append and to name the
root, so a log of any length grows in a few hundred bytes of memory. Steps carry the RFC's numbers.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from takeback_verify.core.errors import Malformed, NotProven

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data): RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right): RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree, as far as appending to it goes. Raises Malformed when size and peaks cannot belong together."""

    size: int = 0
    """Number of leaves."""
    peaks: tuple[bytes, ...] = ()
    """Roots of the full subtrees, largest first: one for each 1 in the size's binary digits."""

    def __post_init__(self) -> None:
        """Refuse what no sequence of leaves can lead to."""
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise Malformed(f"a frontier of {len(self.peaks)} subtrees cannot have {self.size} leaves")
        if any(len(peak) != HASH_BYTES for peak in self.peaks):
            raise Malformed("a subtree's root is not 32 bytes")

    def append(self, leaf: bytes) -> "Frontier":
        """The tree with one more leaf, given as its leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """The tree with more leaves, given as their leaf hashes in order."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            node, rest = leaf, size
            while rest & 1:  # two subtrees of equal size become one
                node = node_hash(peaks.pop(), node)
                rest >>= 1
            peaks.append(node)
            size += 1
        return Frontier(size, tuple(peaks))

    def root(self) -> bytes:
        """The tree's root hash."""
        if not self.peaks:
            return EMPTY_ROOT
        *larger, node = self.peaks
        for peak in reversed(larger):
            node = node_hash(peak, node)
        return node


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    return Frontier().extend(leaves).root()


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf hash is at `index` in the tree: RFC 9162, 2.1.3.2.

    Raises NotProven: it is not, or the proof is not one.
    """
    # 1. The leaf must be inside the tree.
    if not 0 <= index < size:
        raise NotProven(f"there is no leaf {index} in a tree of {size}")
    # 2.-3.
    fn, sn, node = index, size - 1, leaf
    # 4.
    for sibling in path:
        # 4.a
        if sn == 0:
            raise NotProven("the inclusion proof is too long")
        # 4.b
        if fn & 1 or fn == sn:
            node = node_hash(sibling, node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, sibling)
        # 4.c
        fn, sn = fn >> 1, sn >> 1
    # 5.
    if sn != 0:
        raise NotProven("the inclusion proof is too short")
    if node != root:
        raise NotProven("the inclusion proof leads to another root")


def verify_consistency(  # noqa: C901 -- one function, in the RFC's numbered steps
    first: int, second: int, path: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Check that the second tree is the first one with leaves appended: RFC 9162, 2.1.4.2.

    The RFC asks for 0 < first < second; equal trees and the empty tree need an empty proof here.

    Raises:
        NotProven: it is not, or the proof is not one.
    """
    if not 0 <= first <= second:
        raise NotProven(f"a tree of {first} leaves cannot grow into one of {second}")
    if first in {0, second}:
        _verify_equal(first, second, path, first_root, second_root)
        return
    # 1.
    if not path:
        raise NotProven("the consistency proof is empty")
    # 2.
    steps = [first_root, *path] if first.bit_count() == 1 else list(path)
    # 3.
    fn, sn = first - 1, second - 1
    # 4.
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    # 5.
    fr = sr = steps[0]
    # 6.
    for step in steps[1:]:
        # 6.a
        if sn == 0:
            raise NotProven("the consistency proof is too long")
        # 6.b
        if fn & 1 or fn == sn:
            fr, sr = node_hash(step, fr), node_hash(step, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, step)
        # 6.c
        fn, sn = fn >> 1, sn >> 1
    # 7.
    if sn != 0:
        raise NotProven("the consistency proof is too short")
    if fr != first_root or sr != second_root:
        raise NotProven("the consistency proof leads to other roots")


def _verify_equal(
    first: int, second: int, path: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """The cases that need no proof: the same tree twice, and growth from nothing."""
    if path:
        raise NotProven("the consistency proof should be empty")
    if first == second and first_root != second_root:
        raise NotProven("two trees of the same size have different roots")
    if first == 0 and first_root != EMPTY_ROOT:
        raise NotProven("the empty tree has another root")
