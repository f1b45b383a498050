"""Makes tlog.json: trees, proofs and a cosignature by aics-tlog 0.2.1 (Apache-2.0), which is not ours.

Run with the Python that tools/oracles.py puts it into:
.cache/oracles/aics-tlog-environment/bin/python tests/vectors/make_tlog.py
"""

import base64
import json
from pathlib import Path

from aics_tlog.cosign import cosignature_vkey, sign_cosignature
from aics_tlog.tree import MerkleTree
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 255, 256, 257)
TEXT = "log.example/one\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SECONDS = 1679315147


def hexed(hashes):
    return [node.hex() for node in hashes]


def main() -> None:
    leaves = [b"leaf %d" % n for n in range(max(SIZES))]
    tree = MerkleTree()
    for leaf in leaves:
        tree.append(leaf)
    trees, inclusion, consistency = [], [], []
    for size in SIZES:
        trees.append({"size": size, "root": tree.root(size).hex()})
        for index in sorted({0, size // 3, size // 2, size - 1}):
            proof = tree.inclusion_proof(index, size)
            inclusion.append({"index": index, "size": size, "proof": hexed(proof)})
        for old in sorted({each for each in (1, 2, 3, 8, 200, 256, size) if each <= size}):
            proof = tree.consistency_proof(old, size)
            consistency.append({"old": old, "size": size, "proof": hexed(proof)})
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = key.public_key().public_bytes_raw()
    origin, size, root = TEXT.splitlines()
    blob, _ = sign_cosignature(key, "witness.example/w1", SECONDS, origin, int(size), base64.b64decode(root))
    vkey = cosignature_vkey("witness.example/w1", public)
    cosignature = {
        "name": vkey.name,
        "id": vkey.key_id.hex(),
        "public": public.hex(),
        "text": TEXT,
        "seconds": SECONDS,
        "blob": base64.b64encode(blob).decode(),
    }
    found = {"trees": trees, "inclusion": inclusion, "consistency": consistency, "cosignature": cosignature}
    Path(__file__).with_name("tlog.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
