"""Exhibits as they lie in a package, against what the log recorded of them: step 8 of verification."""

from collections.abc import Iterable
from datetime import timedelta

from takeback_verify.canonical import read
from takeback_verify.errors import Malformed, NotProven, Problems
from takeback_verify.exhibit import EXHIBIT, SEALED, ExhibitDocument, parse_exhibit
from takeback_verify.leaf import Opening
from takeback_verify.listing import EXHIBITS, ROUNDS
from takeback_verify.package import Package

SKEW = timedelta(minutes=5)
"""How far two clocks may differ before one of them is called a contradiction."""


def by_capture(facts: Iterable[Opening]) -> dict[str, Opening]:
    """The entries of captures. Raises NotProven when two claim one exhibit."""
    found: dict[str, Opening] = {}
    for fact in facts:
        if found.setdefault(str(fact.body["capture"]), fact) is not fact:
            raise NotProven(f"two entries claim the exhibit {fact.body['capture']}")
    return found


def read_exhibit(package: Package, fact: Opening, *, erased: bool) -> ExhibitDocument:
    """One exhibit, whose entry in the log is `fact`. Raises Malformed or NotProven."""
    folder = f"{EXHIBITS}{fact.body['capture']}/"
    exhibit = parse_exhibit(package.read(folder + EXHIBIT))
    # 1. The one that the log knows.
    if package.digest(folder + EXHIBIT).hex() != fact.body["exhibit"]:
        raise NotProven(f"{folder}{EXHIBIT} is not the one that was recorded")
    if exhibit.capture != fact.body["capture"] or exhibit.reason != fact.body["reason"]:
        raise NotProven(f"{folder}{EXHIBIT} contradicts its entry in the log")
    if exhibit.captured_at > fact.at + SKEW:
        raise NotProven(f"{folder}{EXHIBIT} says that it was captured after that was recorded")
    # 2. Its parts, and no other.
    wanted = {folder + part.name: part for part in exhibit.parts}
    there = set(package.names(folder)) - {folder + EXHIBIT}
    sealed = {name for name in wanted if name.startswith(folder + SEALED)}
    if erased and sealed & there:
        raise NotProven(f"the log says that the sealed parts of {folder} were destroyed, and they are here")
    problems = [f"{name} is no part of the exhibit" for name in sorted(there - wanted.keys())]
    for name in sorted(wanted.keys() - (sealed if erased else set())):
        part = wanted[name]
        if name not in there:
            problems.append(f"{name} is missing")
        elif (package.size(name), package.digest(name)) != (part.size, part.sha256):
            problems.append(f"{name} is not what was captured")
    if problems:
        raise Problems(problems)
    return exhibit


def wrong_rounds(package: Package, facts: Iterable[Opening]) -> list[str]:
    """Looks lie under the hash by which an entry of the log names them."""
    known = {fact.body["series"] for fact in facts if fact.kind == "rechecked"}
    problems = []
    for name in package.names(ROUNDS):
        digest = package.digest(name).hex()
        if name != f"{ROUNDS}{digest}.json" or digest not in known:
            problems.append(f"{name} is named by no entry of the log")
            continue
        try:
            read(package.read(name), name)
        except Malformed as error:
            problems.append(str(error))
    return problems
