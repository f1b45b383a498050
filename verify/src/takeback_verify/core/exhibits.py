"""Exhibits as they lie in a package, against what the log recorded of them: step 8 of verification."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from takeback_verify.core.errors import NotProven, Problems, VerifyError
from takeback_verify.core.exhibit import EXHIBIT, SEALED, ExhibitDocument, parse_exhibit
from takeback_verify.core.leaf import Json, Opening
from takeback_verify.core.listing import EXHIBITS, ROUNDS
from takeback_verify.core.package import Package
from takeback_verify.core.rounds import Judged, judge, parse_round
from takeback_verify.core.words import when

SKEW = timedelta(minutes=5)
"""Largest difference between two clocks that is no contradiction."""


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


def read_rounds(package: Package, facts: Sequence[Opening]) -> tuple[dict[str, Judged], list[str]]:
    """All rounds of looks by their hashes, each beside its entry, and what is wrong with them."""
    entries = {str(fact.body["series"]): fact for fact in facts if fact.kind == "rechecked"}
    found: dict[str, Judged] = {}
    problems = wrong_numbers(facts)
    for name in package.names(ROUNDS):
        digest = package.digest(name).hex()
        fact = entries.pop(digest, None)
        if name != f"{ROUNDS}{digest}.json" or fact is None:
            problems.append(f"{name} is named by no entry of the log")
            continue
        try:
            found[digest] = _read_round(package.read(name), name, fact)
        except VerifyError as error:
            problems.append(str(error))
    problems += [f"{ROUNDS}{series}.json, which the log knows, is missing" for series in sorted(entries)]
    return found, problems + wrong_findings(facts)


def _read_round(data: bytes, name: str, fact: Opening) -> Judged:
    document = parse_round(data, name)
    if (document.target, document.round) != (fact.body["target"], fact.body["round"]):
        raise NotProven(f"{name} is of another round than its entry in the log")
    if document.at > fact.at + SKEW:
        raise NotProven(f"{name} says that it was looked after that was recorded")
    try:
        return judge(document, str(fact.body["finding"]))
    except NotProven as error:
        raise NotProven(f"{name}: {error}") from error


def wrong_numbers(facts: Iterable[Opening]) -> list[str]:
    """Return errors in the numbers of rounds: each is of a planned removal, and none is left out.

    A person who asks for another try skips a number. Entries of before there was a control have no round.
    """
    facts = tuple(facts)
    planned = {fact.body["target"] for fact in facts if fact.kind == "removal_planned"}
    concluded = {(f.body["target"], f.body["round"]) for f in facts if f.kind == "rechecked"}
    expected: dict[Json, int] = {}
    skipped = Counter[Json]()
    older: set[Json] = set()
    problems = []
    for fact in facts:
        target, number = fact.body.get("target"), fact.body.get("round")
        if fact.kind == "retry_asked":
            skipped[target] += 1
        elif fact.kind in {"found_gone", "found_again"} and (target, number) not in concluded:
            older.add(target)
        elif fact.kind == "rechecked" and isinstance(number, int):
            first = expected.get(target, 0)
            if target not in planned:
                problems.append(f"round {number} is of {target}, which is no removal of the package")
            elif number < first:
                problems.append(f"round {number} of {target} is there twice, or comes too late")
            elif number > first + skipped[target] and target not in older:
                problems.append(f"round {first} of {target} is left out")
            expected[target] = number + 1
            skipped[target] = 0
            older.discard(target)
    return problems


def wrong_findings(facts: Iterable[Opening]) -> list[str]:
    """Entries that say of a round what the round's own entry does not say."""
    facts = tuple(facts)
    said = {(f.body["target"], f.body["round"]): f.body["finding"] for f in facts if f.kind == "rechecked"}
    wanted = {"found_gone": "gone", "found_again": "there"}
    return [
        f"the entry of kind {fact.kind} of {when(fact.at)} contradicts the round that it speaks of"
        for fact in facts
        if fact.kind in wanted
        and said.get((fact.body["target"], fact.body["round"]), wanted[fact.kind]) != wanted[fact.kind]
    ]
