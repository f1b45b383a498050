"""Check one package: the ten steps of section 9 of the format (docs/spec/dossier.md), in their order.

A step that fails does not end the check: what does not depend on it goes on, so that a reader sees everything
that is wrong. A step whose ground is missing says "not checked". The steps keep what they proved in one
object, for the later ones; nothing that a step did not prove is used by another.
"""

import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from takeback_verify.anchors import Anchor, anchor_sizes, read_anchor, wrong_stamps
from takeback_verify.bag import BAGIT, PAYLOAD, TAG_FILES, format_bag_info, format_manifest
from takeback_verify.checkpoint import Checkpoint
from takeback_verify.container import check_contents, describe
from takeback_verify.entries import PlacedEntry, parse_entries, parse_own_entry, parse_paths
from takeback_verify.errors import CannotCheck, Malformed, NotProven, Problems, VerifyError
from takeback_verify.exhibit import ExhibitDocument
from takeback_verify.exhibits import SKEW, by_capture, read_exhibit, read_rounds
from takeback_verify.leaf import Opening
from takeback_verify.listing import (
    ANCHORS,
    ENTRIES,
    EXHIBITS,
    LISTING,
    OWN_ENTRY,
    PATHS,
    TLOG_PROOF,
    Listing,
    exhibit_of,
    is_unlisted,
    parse_listing,
)  # fmt: skip
from takeback_verify.merkle import leaf_hash, verify_inclusion
from takeback_verify.package import Package, Wrapping, open_package
from takeback_verify.policy import UnknownLog, accept
from takeback_verify.report import Outcome, Report, Step
from takeback_verify.rounds import Judged
from takeback_verify.sealed import Identity, open_exhibit
from takeback_verify.story import check_body, tell
from takeback_verify.strict_note import check_lines
from takeback_verify.tlog_proof import TlogProof, parse_tlog_proof
from takeback_verify.trust import Trust
from takeback_verify.words import count, joined, when


def verify(source: BinaryIO | Path, trust: Trust, keys: Sequence[Identity] = ()) -> Report:
    """Check a package.

    Args:
        source: the zip, open for reading in binary, seekable; or the folder.
        trust: whom to believe; never out of the package.
        keys: age identities to open sealed parts with.
    """
    check = _Check(source, trust, keys)
    steps = tuple(check.step(number, *step) for number, step in enumerate(check.steps(), start=1))
    return Report(steps, check.second_opinions(), *check.wrapping())


class _NotChecked(Exception):
    """What a step needs was not proven."""


class _Check:
    """What was proven so far."""

    def __init__(self, source: BinaryIO | Path, trust: Trust, keys: Sequence[Identity]) -> None:
        self._source, self._trust, self._keys = source, trust, keys
        self._held: set[int] = set()
        self._package: Package | None = None
        self._listing: Listing | None = None
        self._proof: TlogProof | None = None
        self._final: Checkpoint | None = None
        self._entries: tuple[PlacedEntry, ...] = ()
        self._anchors: list[Anchor] = []
        self._exhibits: list[ExhibitDocument] = []
        self._rounds: dict[str, Judged] = {}

    def steps(self) -> tuple[tuple[str, Callable[[], list[str]], tuple[int, ...]], ...]:
        """Title, what to do, and the steps that must hold before."""
        return (
            ("Container", self._container, ()),
            ("Bag", self._bag, (1,)),
            ("List of files", self._closed, (1,)),
            ("Log and witnesses", self._log, (1,)),
            ("The package's own entry", self._own_entry, (4,)),
            ("Entries", self._opened_entries, (4,)),
            ("Timestamps", self._timestamps, (4, 6)),
            ("Exhibits", self._all_exhibits, (1, 6)),
            ("What happened", self._story, (3, 4, 5, 6, 7, 8)),
            ("Sealed parts", self._sealed, (8,)),
        )

    def step(self, number: int, title: str, run: Callable[[], list[str]], needs: tuple[int, ...]) -> Step:
        """Do one step, if those hold that it needs."""
        missing = [n for n in needs if n not in self._held]
        if missing:
            said = f"Step {missing[0]} does not hold, and this step depends on it."
            return Step(number, title, Outcome.NOT_CHECKED, (said,))
        try:
            sentences = tuple(run())
        except _NotChecked as reason:
            return Step(number, title, Outcome.NOT_CHECKED, (str(reason),))
        except (CannotCheck, UnknownLog) as error:
            return Step(number, title, Outcome.CANNOT_CHECK, (_sentence(error),))
        except Problems as error:
            return Step(number, title, Outcome.FAILS, tuple(map(_sentence, error.problems)))
        except VerifyError as error:
            return Step(number, title, Outcome.FAILS, (_sentence(error),))
        self._held.add(number)
        return Step(number, title, Outcome.HOLDS, sentences)

    def second_opinions(self) -> tuple[str, ...]:
        """An openssl command for each timestamp that holds."""
        return tuple(
            f"openssl ts -verify -in {stamp.file} -data <(sed '/^$/,$d' {ANCHORS}{anchor.size}.note) "
            f"-CAfile {shlex.quote(stamp.authority + '.pem')} -attime {int(stamp.at.timestamp())}"
            for anchor in self._anchors
            for stamp in anchor.stamps
        )

    def wrapping(self) -> tuple[Wrapping | None, tuple[str, ...]]:
        """What the files came in, and what lies beside them, as far as that was read."""
        package = self._package
        return (None, ()) if package is None else (package.wrapping, tuple(sorted(package.foreign)))

    # 1.
    def _container(self) -> list[str]:
        package = open_package(self._source)
        self._package = package
        check_contents(package)
        return describe(package)

    # 2.
    def _bag(self) -> list[str]:
        package, listing = self._opened(), self._parsed_listing()
        payload = package.names(PAYLOAD)
        wanted = {
            "bagit.txt": BAGIT,
            "bag-info.txt": format_bag_info(
                listing.made, listing.id, sum(map(package.size, payload)), len(payload), listing.service
            ),
            "manifest-sha256.txt": format_manifest((name, package.digest(name)) for name in payload),
            "tagmanifest-sha256.txt": format_manifest(
                (name, package.digest(name)) for name in TAG_FILES if name in package
            ),
        }
        wrong = [name for name, content in wanted.items() if package.read(name) != content]
        if wrong:
            raise Problems(f"{name} is not what the other files require" for name in wrong)
        return ["The files of the BagIt bag are exactly what the other files require."]

    # 3.
    def _closed(self) -> list[str]:
        package, problems = self._opened(), list[str]()
        listing = self._listing or parse_listing(package.read(LISTING))
        self._listing = listing
        if package.id not in {None, listing.id}:
            problems.append(f"{LISTING} is of the package {listing.id}, not {package.id}")
        listed = {file.name: file for file in listing.files}
        for file in listing.files:
            if file.name not in package:
                problems.append(f"{file.name} is listed and missing")
            elif (package.size(file.name), package.digest(file.name)) != (file.size, file.sha256):
                problems.append(f"{file.name} is not the file that is listed")
        problems += [
            f"{name} is in the package and nothing covers it"
            for name in package.names()
            if name not in listed and not is_unlisted(name)
        ]
        if problems:
            raise Problems(problems)
        said = f"It is the evidence of case {listing.case}, made by {listing.service}"
        return [
            f"All {count(len(listed), 'file')} of the closed list are there, unchanged, and no other.",
            f"{said} on {when(listing.made)} with {listing.software}.",
        ]

    # 4.
    def _log(self) -> list[str]:
        package, listing = self._opened(), self._parsed_listing()
        policy = self._trust.parsed_policy
        if not any(log.key.name == listing.log for log in policy.logs):
            raise CannotCheck(
                f"the package is of the log {listing.log!r}, which the trust file does not know"
            )
        proof = parse_tlog_proof(package.read(TLOG_PROOF))
        if proof.extra:
            raise Malformed(f"{TLOG_PROOF} carries data that nothing covers")
        try:
            accepted = accept(policy, proof.note)
            check_lines(policy, proof.note)
        except UnknownLog as error:  # the trust file knows the log that the package names
            raise NotProven(f"the final checkpoint is of another log: {error}") from error
        if accepted.checkpoint.origin != listing.log:
            raise NotProven(
                f"the final checkpoint is of {accepted.checkpoint.origin!r}, not of {listing.log!r}"
            )
        self._proof, self._final = proof, accepted.checkpoint
        said = f"The log {listing.log} signed that it had {count(accepted.checkpoint.size, 'entry')}."
        if not accepted.witnesses:
            return [said, "The trust file asks for no witness, and none confirmed it."]
        witnesses = [f"{name} on {when(datetime.fromtimestamp(at, UTC))}" for name, at in accepted.witnesses]
        number = count(len(witnesses), "witness")
        return [said, f"Confirmed by {number}: {joined(witnesses)}."]

    # 5.
    def _own_entry(self) -> list[str]:
        package, listing = self._opened(), self._parsed_listing()
        assert self._proof is not None and self._final is not None  # noqa: PT018 -- step 4 holds
        own = parse_own_entry(package.read(OWN_ENTRY))
        wanted = {"case": listing.case, "dossier": listing.id, "manifest": package.digest(LISTING).hex()}
        if own.opening.kind != "dossier_written" or own.opening.body != wanted:
            raise NotProven(f"the entry in {OWN_ENTRY} commits to another package than this one")
        index, final = self._proof.index, self._final
        verify_inclusion(leaf_hash(own.leaf), index, final.size, self._proof.path, final.root)
        return [f"Entry {index:,} of the log, of {when(own.opening.at)}, commits to exactly this package."]

    # 6.
    def _opened_entries(self) -> list[str]:
        package, listing = self._opened(), self._parsed_listing()
        assert self._proof is not None and self._final is not None  # noqa: PT018 -- step 4 holds
        entries = parse_entries(package.read(ENTRIES))
        paths = parse_paths(package.read(PATHS))
        if paths.size != self._final.size or len(paths.paths) != len(entries):
            raise Malformed(f"{PATHS} does not hold one path for each entry in the final checkpoint")
        for placed, path in zip(entries, paths.paths, strict=True):
            try:
                verify_inclusion(
                    leaf_hash(placed.entry.leaf), placed.index, paths.size, path, self._final.root
                )
            except NotProven as error:
                raise NotProven(f"entry {placed.index} is not in the log: {error}") from error
            check_body(placed.entry.opening)
            _check_case(placed.entry.opening, listing.case)
        if entries and entries[-1].index >= self._proof.index:
            raise NotProven("an entry lies behind the one that commits to the package")
        self._entries = entries
        return [f"{count(len(entries), 'entry')} of the log are opened; each lies in the log where it says."]

    # 7.
    def _timestamps(self) -> list[str]:
        package, listing, problems = self._opened(), self._parsed_listing(), list[str]()
        assert self._proof is not None and self._final is not None  # noqa: PT018 -- step 4 holds
        anchors, needed = list[Anchor](), self._trust.timestamps
        for size in anchor_sizes(package):
            try:
                anchors.append(read_anchor(package, self._trust, size, self._final))
            except VerifyError as error:
                problems.append(str(error))
        if not problems:
            problems = wrong_stamps(anchors, self._entries, self._proof.index, listing.stamps)
        if listing.stamps < needed:
            number = count(listing.stamps, "authority")
            problems.append(
                f"the package's own entry is timestamped by {number}; the trust file asks for {needed}"
            )
        self._anchors = anchors
        if problems:
            raise Problems(problems)
        self._contradictions(anchors)
        if not anchors:
            return ["No checkpoint is timestamped: only the log itself says when entries were made."]
        said = [
            f"The first {count(anchor.size, 'entry')} of the log existed by {when(anchor.by)}: "
            f"{joined(anchor.authorities)} signed it."
            for anchor in anchors
        ]
        if any(placed.index >= anchors[-1].size for placed in self._entries):
            said.append(
                "For entries behind the last timestamp, only the log itself says when they were made."
            )
        return said

    def _contradictions(self, anchors: Sequence[Anchor]) -> None:
        """An entry cannot be younger than a signature over it."""
        for placed in self._entries:
            fact = placed.entry.opening
            for anchor in anchors:
                if placed.index < anchor.size and fact.at > anchor.by + SKEW:
                    raise NotProven(f"entry {placed.index} says {when(fact.at)}, but was signed before that")

    # 8.
    def _all_exhibits(self) -> list[str]:
        package = self._opened()
        facts = [placed.entry.opening for placed in self._entries]
        captured = by_capture(fact for fact in facts if fact.kind == "captured")
        erased = {str(fact.body["capture"]) for fact in facts if fact.kind == "evidence_erased"}
        folders = {capture for name in package.names(EXHIBITS) if (capture := exhibit_of(name))}
        problems = [
            f"the exhibit {capture}, which the log knows, is missing"
            for capture in sorted(captured.keys() - folders - erased)
        ]
        for capture in sorted(folders):
            try:
                fact = captured.get(capture)
                if fact is None:
                    raise NotProven(f"no entry of the log speaks of the exhibit {capture}")
                self._exhibits.append(read_exhibit(package, fact, erased=capture in erased))
            except VerifyError as error:
                problems.append(str(error))
        self._rounds, wrong = read_rounds(package, facts)
        problems += wrong
        if problems:
            raise Problems(problems)
        parts = sum(len(exhibit.parts) for exhibit in self._exhibits)
        said = [f"{count(len(folders), 'exhibit')} with {count(parts, 'part')}: unchanged since recorded."]
        gone = sorted(erased & captured.keys())
        return [*said, *(f"The sealed parts of exhibit {capture} were destroyed." for capture in gone)]

    # 9.
    def _story(self) -> list[str]:
        return [*tell(self._entries, self._anchors, self._rounds)] or [
            "The package opens no entry that tells a story."
        ]

    # 10.
    def _sealed(self) -> list[str]:
        if not self._keys:
            raise _NotChecked("Nobody asked to open the sealed parts; --open does, for who holds a key.")
        package, said, opened = self._opened(), list[str](), 0
        for exhibit in self._exhibits:
            found = open_exhibit(package, exhibit, self._keys)
            opened += found.opened
            said += [f"{name} is not sealed to this key." for name in found.closed]
        if not opened:
            raise CannotCheck("the key opens none of the sealed parts")
        return [f"{count(opened, 'sealed part')} opened: each holds what was recorded.", *said]

    def _opened(self) -> Package:
        assert self._package is not None  # step 1 holds
        return self._package

    def _parsed_listing(self) -> Listing:
        """The list of files, also when the files are not as listed: what it claims is proven by step 5."""
        if self._listing is None:
            try:
                self._listing = parse_listing(self._opened().read(LISTING))
            except VerifyError as error:
                raise _NotChecked(f"{LISTING} cannot be read, and this step depends on it.") from error
        return self._listing


def _check_case(fact: Opening, case: str) -> None:
    """An entry of another case does not belong here; what was erased may have belonged to several."""
    if fact.kind != "evidence_erased" and fact.body.get("case") not in {None, case}:
        raise NotProven(f"the entry of kind {fact.kind} of {when(fact.at)} is of another case")


def _sentence(error: object) -> str:
    text = str(error)
    named = {"/", "."} & set(text.partition(" ")[0])  # a file's name is spelt as it is
    return (text if named else text[:1].upper() + text[1:]) + ("" if text.endswith(".") else ".")
