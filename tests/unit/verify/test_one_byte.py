"""E5: whoever changes, adds or takes away one byte of a package is seen, also if he makes the bag anew.

Every byte of every note and proof, and a sample of all others; by the program, and by the page's code. Both
are asked about the vectors, which anybody has. What no browser can check (ML-DSA-44) is said by the page.
"""

import io
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from functools import cache

import pytest

from packages import rebagged, zipped
from readers import by_page_code
from soaking import quick
from takeback_verify.core import anchors
from takeback_verify.core.bag import BAG_FILES
from takeback_verify.core.errors import VerifyError
from takeback_verify.core.findings import Outcome, Verdict
from takeback_verify.core.package import Package, Wrapping
from takeback_verify.core.stamp import verify_stamp
from takeback_verify.core.trust import parse_trust
from takeback_verify.core.verdict import _Check, verify
from vector_files import DOSSIER, FILES, TRUST

PROOF = "data/proof/"
SAMPLE = 250
BY_PAGE = 500
ML_DSA_LINE = 3000
"""Shortest line of a signature by ML-DSA-44."""

Files = dict[str, bytes]
Change = tuple[str, str, int, int]
"""A file, what is done to it, where, and with which byte."""


NOTES = [name for name in FILES if name.endswith((".note", ".tlog-proof"))]
PROOFS = [name for name in FILES if name.startswith(PROOF) and not name.endswith(".tsr")]


def files_with(change: Change) -> Files:
    name, what, at, value = change
    data = bytearray(FILES[name])
    if what == "change":
        data[at : at + 1] = bytes(byte ^ value for byte in data[at : at + 1])
    elif what == "add":
        data[at:at] = bytes([value])
    else:
        del data[at : at + 1]
    return {**FILES, name: bytes(data)}


def changed(change: Change, *, anew: bool) -> bytes:
    """The package with a byte of one file changed; the bag fits it if it is made anew."""
    files = files_with(change)
    if anew and change[0] not in BAG_FILES:
        with suppress(VerifyError, KeyError, ValueError, AssertionError):  # a list that cannot be read
            rebagged(files)
    return zipped(DOSSIER, files)


def every_byte_of(name: str) -> Iterator[Change]:
    """Several changes at every byte; fewer where only a signature by ML-DSA-44 is met, which is long."""
    length = len(FILES[name])
    for at in range(length + 1):
        long = is_of_ml_dsa(name, at)
        yield from ((name, "add", at, value) for value in (() if long else (0x0A, 0x41)))
        if at < length:
            yield from ((name, "change", at, value) for value in ((0x01,) if long else (0x01, 0x80)))
            yield name, "remove", at, 0


def is_of_ml_dsa(name: str, at: int) -> bool:
    """Whether the byte lies in a signature by ML-DSA-44, which no browser checks."""
    start = FILES[name].rfind(b"\n", 0, at) + 1
    line = FILES[name][start:].split(b"\n")[0]
    return len(line) > ML_DSA_LINE and at - start > line.rfind(b" ") + 5  # behind the key id


@pytest.fixture(scope="module")
def sample() -> list[Change]:
    chance = random.Random(5)
    names = sorted(FILES)
    found = []
    for _ in range(SAMPLE):
        name = chance.choice(names)
        changes = [("change", 1 << chance.randrange(8)), ("add", chance.randrange(256)), ("remove", 0)]
        what, value = chance.choice(changes)
        found.append((name, what, chance.randrange(max(1, len(FILES[name]))), value))
    return found


def valid_ones(changes: list[Change], *, anew: bool) -> list[Change]:
    trust = parse_trust(TRUST)
    return [
        change
        for change in changes
        if verify(io.BytesIO(changed(change, anew=anew)), trust).verdict is Verdict.VALID
    ]


def test_the_package_itself_is_valid() -> None:
    assert verify(io.BytesIO(zipped(DOSSIER, FILES)), parse_trust(TRUST)).verdict is Verdict.VALID


@pytest.mark.parametrize("anew", [False, True])
def test_one_byte_of_any_file_is_seen(sample: list[Change], anew: bool) -> None:
    changes = [change for change in sample if files_with(change) != FILES]

    assert valid_ones(changes, anew=anew) == []


@dataclass(frozen=True)
class InMemory:
    """A file of a package, without a zip around it."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        yield self.data


def in_memory(files: Files) -> Package:
    contents = {name: InMemory(data) for name, data in files.items()}
    return Package(contents, {}, f"takeback-dossier-{DOSSIER}", Wrapping.ORIGINAL, tuple(sorted(files)))


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> _Check:
    """A check of the package as it is, all of whose steps hold."""
    monkeypatch.setattr(anchors, "verify_stamp", cache(verify_stamp))
    check = _Check(io.BytesIO(zipped(DOSSIER, FILES)), parse_trust(TRUST), None)
    outcomes = [check.step(number).outcome for number in check.steps]
    assert outcomes[:9] == [Outcome.HOLDS] * 9
    return check


def step_that_reads(name: str) -> int:
    """Which step reads a proof; no other does."""
    steps = {"dossier.json": 5, "dossier.tlog-proof": 4, "entries.json": 6}
    return steps.get(name.removeprefix(PROOF), 7)


@pytest.mark.parametrize("name", quick(*list(PROOFS)[::4], every=PROOFS))
def test_every_byte_of_a_proof_is_bound(
    checked: _Check, name: str, record_property: Callable[[str, object], None]
) -> None:
    """E1, E5: also by who makes the bag anew. An index is bound by the step behind the one that reads it."""
    number, left, counted = step_that_reads(name), list[Change](), 0
    for change in every_byte_of(name):
        files, counted = files_with(change), counted + 1
        if files == FILES:
            continue
        one = copy(checked)
        one._package, one._held = in_memory(files), set(range(1, 11))
        bound = (outcome_of(one, n) for n in ((4, 5) if number == 4 else (number,)))
        if all(outcome is Outcome.HOLDS for outcome in bound):
            left.append(change)
    assert left == []
    record_property("counted", (counted, "changes of one byte of a note or proof, all seen by the program"))


def outcome_of(check: _Check, number: int) -> Outcome:
    return check.step(number).outcome


@pytest.mark.soak
def test_the_page_sees_every_byte_of_a_note(record_property: Callable[[str, object], None]) -> None:
    """E1, E5: but for those of ML-DSA-44, of which it says that it does not check them."""
    chance = random.Random(7)
    changes = [
        (name, chance.choice(["change", "add", "remove"]), at, chance.choice([0x01, 0x0A, 0x20, 0x41]))
        for name in [*NOTES, f"{PROOF}dossier.json"]
        for at in range(len(FILES[name]))
        if not is_of_ml_dsa(name, at)
    ]
    changes = [change for change in chance.sample(changes, BY_PAGE) if files_with(change) != FILES]
    said = by_page_code((changed(change, anew=True) for change in changes), TRUST)

    valid = [change for change, report in zip(changes, said, strict=True) if report["verdict"] == "VALID"]
    assert valid == []
    record_property("counted", (len(changes), "changes of one byte of a note or proof, all seen by the page"))


def test_the_page_sees_one_byte_of_any_file(sample: list[Change]) -> None:
    changes = [change for change in sample if files_with(change) != FILES]
    said = by_page_code((changed(change, anew=False) for change in changes), TRUST)

    assert [
        change for change, report in zip(changes, said, strict=True) if report["verdict"] == "VALID"
    ] == []
