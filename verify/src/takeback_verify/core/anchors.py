"""Anchors: earlier checkpoints that time-stamping authorities signed, and what they say of an entry's time.

An anchor whose tree has grown into the final one bounds the time of every entry below its size from above:
the entry existed when the authorities signed. It says nothing of how much earlier the entry was made.

None can be taken out, changed or put in unseen: a timestamp is named by an opened entry of the log, which the
package's commitment covers, or it is one of those over the package's own entry, whose number is in its list.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from takeback_verify.core.checkpoint import Checkpoint
from takeback_verify.core.entries import PlacedEntry, parse_consistency
from takeback_verify.core.errors import Malformed, NotProven, VerifyError
from takeback_verify.core.listing import ANCHORS
from takeback_verify.core.merkle import verify_consistency
from takeback_verify.core.note import parse_note
from takeback_verify.core.package import Package
from takeback_verify.core.policy import open_of_log
from takeback_verify.core.stamp import MAX_RESPONSE, verify_stamp
from takeback_verify.core.strict_note import check_lines
from takeback_verify.core.trust import Trust
from takeback_verify.core.words import count

_STAMP = re.compile(r"[1-9][0-9]?\.tsr", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stamp:
    """One authority's signature over an anchor's text."""

    authority: str
    at: datetime
    """In UTC."""
    file: str
    """Its name in the package."""
    sha256: bytes
    """Of the response."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint that enough authorities have signed."""

    size: int
    text: bytes
    """The text that they signed: the checkpoint's text without the log's signatures."""
    stamps: tuple[Stamp, ...]
    by: datetime
    """By then as many authorities had signed as the trust file asks for."""

    @property
    def authorities(self) -> list[str]:
        """Names of the authorities that signed."""
        return sorted({stamp.authority for stamp in self.stamps})


def anchor_sizes(package: Package) -> list[int]:
    """The sizes of the package's anchors, rising. Raises Malformed for a size that is none."""
    return sorted({int(name.removeprefix(ANCHORS).partition(".")[0]) for name in package.names(ANCHORS)})


def read_anchor(package: Package, trust: Trust, size: int, final: Checkpoint) -> Anchor:
    """One anchor, proven.

    Raises:
        Malformed: a file of it is missing or not what it should be.
        NotProven: its log did not sign it, it has not grown into the final checkpoint, a timestamp is by
            nobody that the trust file names, or too few authorities have signed.
    """
    prefix = f"{ANCHORS}{size}."
    # 1. A checkpoint of the log, of this size; each line of it by somebody who is known.
    note = parse_note(package.read(f"{prefix}note"))
    checkpoint, _ = open_of_log(trust.parsed_policy, note)
    if (checkpoint.origin, checkpoint.size) != (final.origin, size):
        raise NotProven(
            f"{prefix}note is a checkpoint of {checkpoint.origin!r} with {checkpoint.size} entries"
        )
    check_lines(trust.parsed_policy, note)
    # 2. It has grown into the final one.
    path = parse_consistency(package.read(f"{prefix}consistency"), f"{prefix}consistency")
    verify_consistency(size, final.size, path, checkpoint.root, final.root)
    # 3. Stamped by those whom the trust file names, numbered from 1.
    files = [name for name in package.names(prefix) if _STAMP.fullmatch(name.removeprefix(prefix))]
    files.sort(key=lambda name: int(name.split(".")[-2]))
    if files != [f"{prefix}{n}.tsr" for n in range(1, len(files) + 1)]:
        raise Malformed(f"the timestamps of {prefix}note are not numbered from 1")
    text = note.text.encode()
    stamps = tuple(_read_stamp(package, trust, file, text) for file in files)
    # 4. By enough of them.
    times = sorted({stamp.authority: stamp.at for stamp in reversed(stamps)}.values())
    needed = max(trust.timestamps, 1)
    if len(times) < needed:
        raise NotProven(
            f"{prefix}note is stamped by {len(times)} of the authorities; the trust file asks for {needed}"
        )
    return Anchor(size, text, stamps, times[needed - 1])


def wrong_stamps(
    anchors: Sequence[Anchor], entries: Sequence[PlacedEntry], own: int, promised: int
) -> list[str]:
    """Return what is wrong with the set of timestamps, in words.

    Args:
        anchors: all of the package.
        entries: those that it opens.
        own: the place of the one that commits to the package.
        promised: how many authorities the list of files promises to timestamp that one.
    """
    facts = [(placed.index, placed.entry.opening) for placed in entries]
    named = {(f.body["size"], f.body["token"]): n for n, f in facts if f.kind == "timestamped"}
    there = {(a.size, stamp.sha256.hex()): (a, stamp) for a in anchors for stamp in a.stamps}
    # 1. Each that the log noted, and below the package's own entry no other.
    problems = [
        f"the timestamp that entry {index} speaks of is missing"
        for key, index in named.items()
        if key not in there
    ]
    problems += [
        f"{stamp.file} is named by no entry of the log"
        for key, (anchor, stamp) in there.items()
        if anchor.size <= own and key not in named
    ]
    # 2. Over the package's own entry one anchor, stamped once by each of so many.
    last = [(len(anchor.stamps), len(anchor.authorities)) for anchor in anchors if anchor.size > own]
    if last != [(promised, promised)] * min(promised, 1):
        number = count(promised, "authority")
        problems.append(
            f"the package's own entry is not timestamped once by each of {number}, as its list says"
        )
    return problems


def bound_of(anchors: Sequence[Anchor], index: int) -> Anchor | None:
    """The anchor that bounds an entry's time best, or None."""
    above = [anchor for anchor in anchors if index < anchor.size]
    return min(above, key=lambda anchor: (anchor.by, anchor.size), default=None)


def _read_stamp(package: Package, trust: Trust, file: str, text: bytes) -> Stamp:
    if package.size(file) > MAX_RESPONSE:
        raise Malformed(f"{file} is too long to be a timestamp")
    response = package.read(file)
    said: list[str] = []
    for authority in trust.authorities:
        try:
            at = verify_stamp(response, text, authority.roots)
        except VerifyError as error:
            said.append(f"{authority.name}: {error}")
            continue
        return Stamp(authority.name, at, file, package.digest(file))
    raise NotProven(f"{file} is by none of the authorities of the trust file ({'; '.join(said)})")
