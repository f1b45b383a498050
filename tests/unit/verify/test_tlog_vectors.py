"""Trees, proofs and a cosignature made by another program: tests/vectors/make_tlog.py says which."""

import base64
import json
from pathlib import Path

import pytest

from every import every
from takeback_verify.core.cosignature import CosignerKey, CosignerKind, verify_cosignature
from takeback_verify.core.errors import NotProven
from takeback_verify.core.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from takeback_verify.core.note import Note, Signature
from trees import prove_consistency, prove_inclusion

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text("ascii"))
LEAVES = [leaf_hash(b"leaf %d" % n) for n in range(max(tree["size"] for tree in VECTORS["trees"]))]
ROOTS = {tree["size"]: bytes.fromhex(tree["root"]) for tree in VECTORS["trees"]}


def proof_in(vector):
    return tuple(map(bytes.fromhex, vector["proof"]))


def altered(proof):
    """The proof with each hash changed, with one less, and with one more."""
    for at, node in enumerate(proof):
        yield (*proof[:at], bytes([node[0] ^ 1]) + node[1:], *proof[at + 1 :])
    if proof:
        yield proof[:-1]
    yield (*proof, bytes(32))


def test_roots():
    assert {size: root_of(LEAVES[:size]) for size in ROOTS} == ROOTS


@every("vector", VECTORS["inclusion"], ids=lambda v: f"{v['index']}-{v['size']}")
def test_inclusion(vector):
    index, size, proof = vector["index"], vector["size"], proof_in(vector)
    assert prove_inclusion(index, LEAVES[:size]) == proof
    verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
    for wrong in altered(proof):
        with pytest.raises(NotProven):
            verify_inclusion(LEAVES[index], index, size, wrong, ROOTS[size])


@every("vector", VECTORS["consistency"], ids=lambda v: f"{v['old']}-{v['size']}")
def test_consistency(vector):
    old, size, proof = vector["old"], vector["size"], proof_in(vector)
    assert prove_consistency(old, LEAVES[:size]) == proof
    first = root_of(LEAVES[:old])
    verify_consistency(old, size, proof, first, ROOTS[size])
    for wrong in altered(proof):
        with pytest.raises(NotProven):
            verify_consistency(old, size, wrong, first, ROOTS[size])


def test_cosignature():
    vector = VECTORS["cosignature"]
    key = CosignerKey(vector["name"], CosignerKind.ED25519, bytes.fromhex(vector["public"]))
    assert key.id.hex() == vector["id"]
    signature = Signature(key.name, key.id, base64.b64decode(vector["blob"]))
    assert verify_cosignature(Note(vector["text"], (signature,)), key) == vector["seconds"]
