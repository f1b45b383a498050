"""Go's own transparency log code (golang.org/x/mod/sumdb) accepts what we publish, and refuses what we do."""

import base64
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

import ledgers
import others
from takeback.infra.db.pool import Database
from takeback.infra.ledger.export import export
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.sequencer import Sequencer
from takeback_verify.core.errors import NotProven, VerifyError
from takeback_verify.core.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from takeback_verify.core.note import format_verifier_key, parse_note, verify_note
from trees import prove_consistency, prove_inclusion

pytestmark = pytest.mark.agrees(others.GO)

HOLDS = "holds"
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text("ascii"))


class Go:
    """The program, and how often it was asked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [others.program(others.GO)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.asked = 0

    def ask(self, what: str, **said: object) -> str:
        """Its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.asked += 1
        question = json.dumps({"ask": what} | {name: _plain(value) for name, value in said.items()})
        self._process.stdin.write(f"{question}\n")
        return self._process.stdout.readline().removesuffix("\n")

    def close(self) -> None:
        self._process.communicate(timeout=30)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


@pytest.fixture
def go():
    """The program."""
    opened = Go()
    yield opened
    opened.close()


def spoilt(proof, root, leaf, chance):
    """(what was done, proof, root, leaf): the ways in which transparency-dev's vectors spoil proofs."""
    yield "nothing", proof, root, leaf
    yield "wrong leaf", proof, root, bytes(32)
    yield "random root", proof, chance.randbytes(32), leaf
    yield "empty root", proof, root_of([]), leaf
    yield "trailing garbage", (*proof, chance.randbytes(32)), root, leaf
    yield "trailing root", (*proof, root), root, leaf
    yield "preceding garbage", (chance.randbytes(32), *proof), root, leaf
    yield "preceding root", (root, *proof), root, leaf
    if proof:
        yield "truncated", proof[:-1], root, leaf
        yield "removed", proof[1:], root, leaf
        yield "empty", (), root, leaf
        at = chance.randrange(len(proof))
        yield "inserted", (*proof[:at], proof[at], *proof[at:]), root, leaf
    for at, node in enumerate(proof):
        changed = bytes([node[0] ^ 8]) + node[1:]
        yield f"bit 3 of {at}", (*proof[:at], changed, *proof[at + 1 :]), root, leaf


def moved(number):
    """A place or size, and those which the same vectors put in its stead."""
    return (number, number - 1, number + 1, number ^ 2, number * 2, number // 2)


def ours(check, *about: object) -> bool:
    """Our own verdict."""
    try:
        check(*about)
    except NotProven:
        return False
    return True


def judged(go, chance, tree):
    """(question, our verdict, Go's) of one proof of each kind, as it is and spoilt in every way."""
    size = chance.randint(1, len(tree))
    index, old = chance.randrange(size), chance.randint(1, size)
    root, first = root_of(tree[:size]), root_of(tree[:old])
    for what, proof, top, leaf in spoilt(prove_inclusion(index, tree[:size]), root, tree[index], chance):
        said = go.ask("inclusion", index=index, size=size, leaf=leaf, root=top, proof=proof)
        yield (what, index, size), ours(verify_inclusion, leaf, index, size, proof, top), said
    proof = prove_inclusion(index, tree[:size])
    for at, of in {(at, size) for at in moved(index)} | {(index, of) for of in moved(size)}:
        said = go.ask("inclusion", index=at, size=of, leaf=tree[index], root=root, proof=proof)
        yield ("moved", at, of), ours(verify_inclusion, tree[index], at, of, proof, root), said
    for what, proof, top, begun in spoilt(prove_consistency(old, tree[:size]), root, first, chance):
        said = go.ask("consistency", old=old, size=size, first=begun, root=top, proof=proof)
        yield (what, old, size), ours(verify_consistency, old, size, proof, begun, top), said
    proof = prove_consistency(old, tree[:size])
    for was, of in {(was, size) for was in moved(old) if was} | {(old, of) for of in moved(size)}:
        said = go.ask("consistency", old=was, size=of, first=first, root=root, proof=proof)
        yield ("moved", was, of), ours(verify_consistency, was, of, proof, first, root), said


def test_it_judges_proofs_of_random_trees_good_and_spoilt_as_we_do(go, record_property):
    chance = random.Random(6962)
    good = 0
    for _ in range(200):
        tree = [leaf_hash(chance.randbytes(4)) for _ in range(chance.choice((1, 2, 3, 8, 9, 70, 300)))]
        for question, mine, said in judged(go, chance, tree):
            assert mine is (said == HOLDS), (question, mine, said)
            good += mine
    assert 400 <= good < go.asked / 4
    record_property("counted", (go.asked, f"Merkle proofs judged by Go as by us ({good} hold)"))


def test_it_holds_the_vectors_of_the_third_program(go):
    leaves = [leaf_hash(b"leaf %d" % n) for n in range(max(tree["size"] for tree in VECTORS["trees"]))]
    roots = {tree["size"]: bytes.fromhex(tree["root"]) for tree in VECTORS["trees"]}
    for each in VECTORS["inclusion"]:
        proof = [bytes.fromhex(node) for node in each["proof"]]
        about = {"index": each["index"], "size": each["size"], "leaf": leaves[each["index"]]}
        assert go.ask("inclusion", **about, root=roots[each["size"]], proof=proof) == HOLDS
    for each in VECTORS["consistency"]:
        proof = [bytes.fromhex(node) for node in each["proof"]]
        about = {"old": each["old"], "size": each["size"], "first": root_of(leaves[: each["old"]])}
        assert go.ask("consistency", **about, root=roots[each["size"]], proof=proof) == HOLDS


SIZES = [1, 300, 600]


@pytest.fixture(scope="module")
def published(postgres, tmp_path_factory):
    """A log of 600 entries in a folder, written on twice: (folder, its verifier key)."""
    folder = tmp_path_factory.mktemp("published")
    signer = Signer(folder / "keys", "log.example/test")
    with postgres.fresh() as url, Database(url) as database:
        for size, before in zip(SIZES, [0, *SIZES], strict=False):
            ledgers.record_events(database, size - before)
            ledgers.sequence_all(Sequencer(database, signer))
            assert export(database, folder / "log") == size
    return folder / "log", signer.verifier


def read(go, folder, key):
    return go.ask("tiles", folder=str(folder), size=600, wanted=SIZES, vkey=format_verifier_key(key))


def test_it_reads_the_published_log_whole_and_finds_that_it_only_grew(go, published):
    assert read(go, *published) == HOLDS


@pytest.mark.parametrize(
    "name",
    ["checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001"],
)
def test_it_finds_one_changed_bit_in_any_file(go, published, tmp_path, name):
    folder, key = published
    copy = Path(shutil.copytree(folder, tmp_path / "log"))
    data = bytearray((copy / name).read_bytes())
    data[40] ^= 1
    (copy / name).write_bytes(data)
    assert read(go, copy, key) != HOLDS


def test_it_opens_our_checkpoint_and_only_with_our_key(go, published):
    folder, key = published
    note, vkey = (folder / "checkpoint").read_bytes(), format_verifier_key(key)
    assert go.ask("note", note=note, vkey=vkey) == HOLDS
    lines = note.decode().split("\n")
    changes = [
        note.replace(b"\n600\n", b"\n601\n"),
        note.replace(lines[2].encode(), base64.b64encode(bytes(32))),
        "\n".join([*lines[:3], "an extension", *lines[3:]]).encode(),
        note.replace(b"log.example", b"log.exampl3"),
        note[:-1],
    ]
    for changed in changes:
        assert changed != note
        assert go.ask("note", note=changed, vkey=vkey) != HOLDS
        with pytest.raises(VerifyError):
            verify_note(parse_note(changed), key)
