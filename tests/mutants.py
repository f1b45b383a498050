"""Ways to tamper with an evidence package, and changes that do no harm.

`EDITS` change files of the package. Each is tried twice: as it is, and by an attacker who then makes the
closed list and the bag anew. `CONTAINERS` change the zip itself. `BENIGN` are changes that must stay VALID.
Each file mutants_of_*.py adds its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import mutants_of_files
import mutants_of_proofs
import mutants_of_readers
import mutants_of_times
import mutants_of_wrappings
import mutants_of_zips
from authorities import Authority
from packages import SERVICE, Made, rebagged, rehashed, uuid, zipped
from takeback_verify.core.errors import VerifyError
from tampering import BAG_EDITS, BENIGN, CONTAINERS, EDITS, Files, Lab

AGAIN = ", hashed anew"
CANNOT_CHECK = frozenset({"the zip is cut short", "another log is named", "no package at all"})
"""Where the answer is CANNOT CHECK, since nothing can be said."""
ONLY_BY_PROGRAM = frozenset(
    {
        "the signature against quantum computers is wrong",
        "a bit of an old anchors second signature is flipped",
    }
)
"""What a browser cannot see, and says so."""
FILES = (
    mutants_of_files,
    mutants_of_proofs,
    mutants_of_times,
    mutants_of_zips,
    mutants_of_readers,
    mutants_of_wrappings,
)


@dataclass(frozen=True)
class Mutant:
    """One tampered package."""

    name: str
    zip: bytes
    verdict: Literal["INVALID", "CANNOT CHECK"]

    @property
    def only_by_program(self) -> bool:
        """Whether no browser can see it (and it says so)."""
        return self.name.removesuffix(AGAIN) in ONLY_BY_PROGRAM


def mutants(lab: Lab) -> Iterator[Mutant]:
    """All of them."""
    for name, edit in [*EDITS.items(), *BAG_EDITS.items()]:
        files = lab.copy()
        edit(files, lab)
        assert files != lab.made.files, f"{name} changes nothing"
        yield _mutant(name, zipped(lab.made.id, files))
        if name in EDITS:
            as_attackers_do(files)
            yield _mutant(name + AGAIN, zipped(lab.made.id, files))
    for name, container in CONTAINERS.items():
        yield _mutant(name, container(lab))


def _mutant(name: str, data: bytes) -> Mutant:
    verdict = "CANNOT CHECK" if name.removesuffix(AGAIN) in CANNOT_CHECK else "INVALID"
    return Mutant(name, data, verdict)


def as_attackers_do(files: Files) -> None:
    """Make the closed list and the bag anew."""
    try:
        rehashed(files)
    except (VerifyError, KeyError):  # a list that cannot be read stays as it is
        rebagged(files, {"id": uuid(2), "made": "2026-03-03T13:00:00.000000Z", "service": SERVICE})


def stamped_by(made: Made, authorities: list[Authority]) -> Made:
    """Such a package without timestamps, but that these authorities stamped its own entry."""
    world = made.world
    kept, world.authorities = world.authorities, authorities
    try:
        again = world.package(stamped=False, promised=len(authorities))
        world.anchor(len(world.leaves), again.files)
        world.consistent(again.files)
        rebagged(again.files)
        return again
    finally:
        world.authorities = kept


__all__ = ["BENIGN", "FILES", "Lab", "Mutant", "as_attackers_do", "mutants", "stamped_by"]
