"""Every pair within the radius is found, and no other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soaking import fewer_examples
from takeback.signals.index import compare

hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=12)


def bits_apart(left, right):
    return (int.from_bytes(left) ^ int.from_bytes(right)).bit_count()


@given(hashes, hashes, st.integers(0, 256))
def test_search_finds_exactly_the_pairs_within_the_radius(queries, rows, radius):
    found = compare.search(compare.stack(queries), compare.stack(rows), radius)
    expected = [
        (q, r, bits_apart(query, row))
        for q, query in enumerate(queries)
        for r, row in enumerate(rows)
        if bits_apart(query, row) <= radius
    ]
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


@given(hashes, hashes)
def test_distances_count_the_differing_bits(queries, rows):
    table = compare.distances(compare.stack(queries), compare.stack(rows))
    assert table.tolist() == [[bits_apart(query, row) for row in rows] for query in queries]


@fewer_examples
@given(st.integers(0, 2**32), st.integers(0, 40))
def test_pairs_are_found_across_the_pieces_of_a_large_table(seed, flipped):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (30_000, 32), dtype=np.uint8)
    queries = rng.integers(0, 256, (70, 32), dtype=np.uint8)
    at = int(rng.integers(30_000))
    bits = np.unpackbits(rows[at])
    bits[rng.choice(256, flipped, replace=False)] ^= 1
    queries[69] = np.packbits(bits)
    found = compare.search(queries, rows, 31)
    assert found.query.tolist() == ([69] if flipped <= 31 else [])
    assert found.row.tolist() == ([at] if flipped <= 31 else [])
    assert found.distance.tolist() == ([flipped] if flipped <= 31 else [])


def test_tables_of_another_form_are_refused():
    good = np.zeros((1, 32), np.uint8)
    for wrong in (np.zeros((1, 31), np.uint8), np.zeros(32, np.uint8), np.zeros((1, 32), np.int8)):
        with pytest.raises(ValueError, match="uint8"):
            compare.search(good, wrong)
    with pytest.raises(ValueError, match="radius"):
        compare.search(good, good, 257)
    with pytest.raises(ValueError, match="32 bytes"):
        compare.stack([b"short"])
