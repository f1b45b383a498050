"""Check one package: the ten steps of section 9 of the format (docs/spec/dossier.md), in their order.

A step that fails does not end the check: what does not depend on it goes on, so that a reader sees everything
that is wrong. A step whose ground is missing is not checked. The steps keep what they proved in one object,
for the later ones; no step uses anything that an earlier one did not prove.

This needs no secret. Step 10, opening sealed parts, is done by a function that the caller passes in
(`takeback_verify.unsealing`).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from takeback_verify.core import findings
from takeback_verify.core.anchors import Anchor, anchor_sizes, read_anchor, wrong_stamps
from takeback_verify.core.bag import BAGIT, PAYLOAD, TAG_FILES, format_bag_info, format_manifest
from takeback_verify.core.checkpoint import Checkpoint
from takeback_verify.core.entries import PlacedEntry, parse_entries, parse_own_entry, parse_paths
from takeback_verify.core.errors import CannotCheck, Malformed, NotProven, Problems, VerifyError
from takeback_verify.core.exhibit import ExhibitDocument
from takeback_verify.core.exhibits import SKEW, by_capture, read_exhibit, read_rounds
from takeback_verify.core.findings import Outcome, Step, Verification
from takeback_verify.core.leaf import Opening
from takeback_verify.core.listing import (
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
)
from takeback_verify.core.merkle import leaf_hash, verify_inclusion
from takeback_verify.core.package import Package, check_contents, open_package
from takeback_verify.core.policy import UnknownLog, accept
from takeback_verify.core.rounds import Judged
from takeback_verify.core.story import Story, check_body, read_story
from takeback_verify.core.strict_note import check_lines
from takeback_verify.core.tlog_proof import TlogProof, parse_tlog_proof
from takeback_verify.core.trust import Trust
from takeback_verify.core.words import count, when

Unseal = Callable[[Package, ExhibitDocument], findings.Unsealed]
"""Opens the sealed parts of one exhibit, and checks what is in them. Raises Malformed, NotProven."""


def verify(source: BinaryIO | Path, trust: Trust, unseal: Unseal | None = None) -> Verification:
    """Check a package.

    Args:
        source: the zip, open for reading in binary, seekable; or the folder.
        trust: whom to believe; never out of the package.
        unseal: opens sealed parts; without it they are not opened.
    """
    check = _Check(source, trust, unseal)
    steps = tuple(check.step(number) for number in check.steps)
    return check.verification(steps)


class _NotChecked(Exception):
    """Raised when something that a step needs was not proven."""

    def __init__(self, why: findings.Needs | findings.NotAsked) -> None:
        super().__init__()
        self.why = why


class _Check:
    """The state of a check: all that was proven so far."""

    def __init__(self, source: BinaryIO | Path, trust: Trust, unseal: Unseal | None) -> None:
        self._source, self._trust, self._unseal = source, trust, unseal
        self._held: set[int] = set()
        self._package: Package | None = None
        self._listing: Listing | None = None
        self._proof: TlogProof | None = None
        self._final: Checkpoint | None = None
        self._entries: tuple[PlacedEntry, ...] = ()
        self._anchors: list[Anchor] = []
        self._exhibits: list[ExhibitDocument] = []
        self._rounds: dict[str, Judged] = {}

    steps = range(1, 11)

    def step(self, number: int) -> Step:
        """Do one step, if the steps hold that it needs."""
        run, needs = self._steps()[number - 1]
        missing = [n for n in needs if n not in self._held]
        if missing:
            return Step(number, Outcome.NOT_CHECKED, findings.Needs(missing[0]))
        try:
            finding = run()
        except _NotChecked as reason:
            return Step(number, Outcome.NOT_CHECKED, reason.why)
        except (CannotCheck, UnknownLog) as error:
            return Step(number, Outcome.CANNOT_CHECK, problems=(str(error),))
        except Problems as error:
            return Step(number, Outcome.FAILS, problems=error.problems)
        except VerifyError as error:
            return Step(number, Outcome.FAILS, problems=(str(error),))
        self._held.add(number)
        return Step(number, Outcome.HOLDS, finding)

    def verification(self, steps: tuple[Step, ...]) -> Verification:
        """Return what the steps found, and what the files came in as far as that was read."""
        package, anchors = self._package, tuple(self._anchors)
        if package is None:
            return Verification(steps, anchors)
        return Verification(steps, anchors, package.wrapping, tuple(sorted(package.foreign)))

    def _steps(self) -> tuple[tuple[Callable[[], findings.Finding], tuple[int, ...]], ...]:
        """Return what each step does, and the steps that must hold before."""
        return (
            (self._container, ()),
            (self._bag, (1,)),
            (self._closed, (1,)),
            (self._log, (1,)),
            (self._own_entry, (4,)),
            (self._opened_entries, (4,)),
            (self._timestamps, (4, 6)),
            (self._all_exhibits, (1, 6)),
            (self._story, (3, 4, 5, 6, 7, 8)),
            (self._sealed, (8,)),
        )

    # 1.
    def _container(self) -> findings.Contents:
        self._package = package = open_package(self._source)
        check_contents(package)
        return findings.Contents(len(package.files), package.wrapping, tuple(sorted(package.foreign)))

    # 2.
    def _bag(self) -> findings.BagMatches:
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
        return findings.BagMatches()

    # 3.
    def _closed(self) -> findings.ClosedList:
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
        return findings.ClosedList(len(listed), listing.case, listing.service, listing.made, listing.software)

    # 4.
    def _log(self) -> findings.SignedLog:
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
        witnesses = tuple((name, datetime.fromtimestamp(at, UTC)) for name, at in accepted.witnesses)
        return findings.SignedLog(listing.log, accepted.checkpoint.size, witnesses)

    # 5.
    def _own_entry(self) -> findings.OwnEntry:
        package, listing = self._opened(), self._parsed_listing()
        assert self._proof is not None and self._final is not None  # noqa: PT018 -- step 4 holds
        own = parse_own_entry(package.read(OWN_ENTRY))
        wanted = {"case": listing.case, "dossier": listing.id, "manifest": package.digest(LISTING).hex()}
        if own.opening.kind != "dossier_written" or own.opening.body != wanted:
            raise NotProven(f"the entry in {OWN_ENTRY} commits to another package than this one")
        index, final = self._proof.index, self._final
        verify_inclusion(leaf_hash(own.leaf), index, final.size, self._proof.path, final.root)
        return findings.OwnEntry(index, own.opening.at)

    # 6.
    def _opened_entries(self) -> findings.OpenedEntries:
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
        return findings.OpenedEntries(len(entries))

    # 7.
    def _timestamps(self) -> findings.Timestamps:
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
        covered = anchors[-1].size if anchors else 0
        return findings.Timestamps(tuple(anchors), all(placed.index < covered for placed in self._entries))

    def _contradictions(self, anchors: Sequence[Anchor]) -> None:
        """An entry cannot be younger than a signature over it."""
        for placed in self._entries:
            fact = placed.entry.opening
            for anchor in anchors:
                if placed.index < anchor.size and fact.at > anchor.by + SKEW:
                    raise NotProven(f"entry {placed.index} says {when(fact.at)}, but was signed before that")

    # 8.
    def _all_exhibits(self) -> findings.Exhibits:
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
        return findings.Exhibits(len(folders), parts, tuple(sorted(erased & captured.keys())))

    # 9.
    def _story(self) -> Story:
        return read_story(self._entries, self._anchors, self._rounds)

    # 10.
    def _sealed(self) -> findings.Unsealed:
        if self._unseal is None:
            raise _NotChecked(findings.NotAsked())
        opened = [self._unseal(self._opened(), exhibit) for exhibit in self._exhibits]
        parts = sum(each.parts for each in opened)
        if not parts:
            raise CannotCheck("the key opens none of the sealed parts")
        return findings.Unsealed(parts, tuple(name for each in opened for name in each.closed))

    def _opened(self) -> Package:
        assert self._package is not None  # step 1 holds
        return self._package

    def _parsed_listing(self) -> Listing:
        """The list of files, also when the files are not as listed: what it claims is proven by step 5."""
        if self._listing is None:
            try:
                self._listing = parse_listing(self._opened().read(LISTING))
            except VerifyError as error:
                raise _NotChecked(findings.Needs(LISTING)) from error
        return self._listing


def _check_case(fact: Opening, case: str) -> None:
    """An entry of another case does not belong here; what was erased may have belonged to several."""
    if fact.kind != "evidence_erased" and fact.body.get("case") not in {None, case}:
        raise NotProven(f"the entry of kind {fact.kind} of {when(fact.at)} is of another case")
