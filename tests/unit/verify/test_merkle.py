"""The tree against the vectors that transparency logs share, and its proofs against every mutation."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.merkle import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from trees import prove_consistency, prove_inclusion

# The eight leaves, roots and proofs of the certificate-transparency reference implementation.
LEAVES = [
    leaf_hash(bytes.fromhex(data))
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}

hashes = st.binary(min_size=32, max_size=32)
trees = st.lists(hashes, min_size=1, max_size=70)


@pytest.mark.parametrize("size", range(9))
def test_the_root_is_the_one_that_every_other_log_computes(size):
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_inclusion_proof_is_the_one_that_every_other_log_makes(index, size):
    path = prove_inclusion(index, LEAVES[:size])
    assert [node.hex() for node in path] == INCLUSION[index, size]
    verify_inclusion(LEAVES[index], index, size, path, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_the_consistency_proof_is_the_one_that_every_other_log_makes(first, second):
    path = prove_consistency(first, LEAVES[:second])
    assert [node.hex() for node in path] == CONSISTENCY[first, second]
    verify_consistency(first, second, path, bytes.fromhex(ROOTS[first]), bytes.fromhex(ROOTS[second]))


def recursive_root(leaves):
    """MTH of RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = max(1 << i for i in range(len(leaves).bit_length()) if 1 << i < len(leaves))
    return node_hash(recursive_root(leaves[:k]), recursive_root(leaves[k:]))


@given(trees, st.data())
def test_a_frontier_grown_in_any_steps_has_the_root_of_the_definition(leaves, data):
    cut = data.draw(st.integers(0, len(leaves)))
    grown = Frontier().extend(leaves[:cut])
    for leaf in leaves[cut:]:
        grown = grown.append(leaf)
    assert grown == Frontier().extend(leaves)
    assert Frontier(grown.size, grown.peaks) == grown
    assert grown.root() == recursive_root(leaves)


@given(st.integers(-3, 100), st.lists(hashes, max_size=8))
def test_a_frontier_with_the_wrong_number_of_subtrees_cannot_be_built(size, peaks):
    assume(size < 0 or len(peaks) != size.bit_count())
    with pytest.raises(Malformed):
        Frontier(size, tuple(peaks))


def test_a_frontier_of_short_hashes_cannot_be_built():
    with pytest.raises(Malformed):
        Frontier(1, (b"short",))


@given(trees, st.data())
def test_every_leaf_is_proven_to_be_where_it_is(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    verify_inclusion(leaves[index], index, len(leaves), prove_inclusion(index, leaves), root_of(leaves))


def mutated(path, data):
    """The proof with one node changed, dropped, added or moved."""
    path = list(path)
    how = data.draw(st.sampled_from(["change", "drop", "add", "swap"] if path else ["add"]))
    at = data.draw(st.integers(0, max(0, len(path) - 1)))
    if how == "change":
        path[at] = data.draw(hashes)
    elif how == "drop":
        del path[at]
    elif how == "add":
        path.insert(data.draw(st.integers(0, len(path))), data.draw(hashes))
    else:
        other = data.draw(st.integers(0, len(path) - 1))
        path[at], path[other] = path[other], path[at]
    return path


@given(st.lists(hashes, min_size=1, max_size=70, unique=True), st.data())
def test_no_altered_inclusion_proof_holds(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, root = prove_inclusion(index, leaves), root_of(leaves)
    other = mutated(path, data)
    assume(tuple(other) != path)
    with pytest.raises(NotProven):
        verify_inclusion(leaves[index], index, len(leaves), other, root)


@given(st.lists(hashes, min_size=2, max_size=70, unique=True), st.data())
def test_no_leaf_is_proven_to_be_where_it_is_not(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    elsewhere = data.draw(st.integers(-2, len(leaves) + 2))
    assume(elsewhere != index)
    with pytest.raises(NotProven):
        verify_inclusion(
            leaves[index], elsewhere, len(leaves), prove_inclusion(index, leaves), root_of(leaves)
        )
    with pytest.raises(NotProven):
        verify_inclusion(
            data.draw(hashes.filter(lambda h: h != leaves[index])),
            index,
            len(leaves),
            prove_inclusion(index, leaves),
            root_of(leaves),
        )


@given(trees, st.data())
def test_every_earlier_tree_is_proven_to_be_the_beginning_of_the_later_one(leaves, data):
    first = data.draw(st.integers(0, len(leaves)))
    path = prove_consistency(first, leaves)
    verify_consistency(first, len(leaves), path, root_of(leaves[:first]), root_of(leaves))


@given(st.lists(hashes, min_size=1, max_size=70, unique=True), st.data())
def test_no_altered_consistency_proof_holds(leaves, data):
    first = data.draw(st.integers(0, len(leaves)))
    path = prove_consistency(first, leaves)
    other = mutated(path, data)
    assume(tuple(other) != path)
    with pytest.raises(NotProven):
        verify_consistency(first, len(leaves), other, root_of(leaves[:first]), root_of(leaves))


@given(st.lists(hashes, min_size=1, max_size=70, unique=True), st.data())
def test_no_changed_past_is_proven_to_be_the_beginning(leaves, data):
    first = data.draw(st.integers(1, len(leaves)))
    changed = list(leaves)
    changed[data.draw(st.integers(0, first - 1))] = data.draw(hashes)
    assume(changed != leaves)
    with pytest.raises(NotProven):
        verify_consistency(
            first, len(leaves), prove_consistency(first, changed), root_of(leaves[:first]), root_of(changed)
        )


def test_a_later_tree_is_never_the_beginning_of_an_earlier_one():
    with pytest.raises(NotProven):
        verify_consistency(3, 2, [], root_of(LEAVES[:3]), root_of(LEAVES[:2]))
    with pytest.raises(NotProven):
        verify_consistency(-1, 2, [], EMPTY_ROOT, root_of(LEAVES[:2]))
    with pytest.raises(NotProven):
        verify_consistency(0, 2, [], LEAVES[0], root_of(LEAVES[:2]))
    with pytest.raises(NotProven):
        verify_consistency(1, 2, [], LEAVES[0], root_of(LEAVES[:2]))
