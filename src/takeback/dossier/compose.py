"""The package's files, from values: pure, so that what a package is can be read and tested in one place.

docs/spec/dossier.md is the format. The formatting functions are the verifier's own, so that the two cannot
come apart; what a package may hold is decided there too (`listing.parse_listing` refuses the rest).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from takeback.dossier.model import Draft, Head, PackageText, PartFile
from takeback.evidence.model import Exhibit
from takeback.infra.ledger.proofs import Anchor, ProvenEntry
from takeback_verify.core.bag import BAG_FILES, BAGIT, PAYLOAD, TAG_FILES, format_bag_info, format_manifest
from takeback_verify.core.entries import (
    OpenedEntry,
    Paths,
    PlacedEntry,
    format_consistency,
    format_entries,
    format_own_entry,
    format_paths,
)
from takeback_verify.core.exhibit import EXHIBIT, parse_exhibit
from takeback_verify.core.listing import (
    ANCHORS,
    ENTRIES,
    EXHIBITS,
    LISTING,
    OWN_ENTRY,
    PATHS,
    ROUNDS,
    TLOG_PROOF,
    ListedFile,
    Listing,
    format_listing,
    parse_listing,
)
from takeback_verify.core.note import Note, format_note
from takeback_verify.core.package import FOLDER
from takeback_verify.core.tlog_proof import TlogProof, format_tlog_proof
from takeback_verify.core.zip_form import Sink, write_zip_form


@dataclass(frozen=True, slots=True)
class AnchorProof:
    """An anchor, and how the final checkpoint grew out of it."""

    anchor: Anchor
    consistency: tuple[bytes, ...]
    """Empty if it is the final one."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves a draft: all of it is said by the final checkpoint's tree.

    Its notes carry no line by anybody whom the trust file does not name.
    """

    own: ProvenEntry
    """The entry that commits to the package."""
    own_path: tuple[bytes, ...]
    final: Note
    size: int
    """Of the final checkpoint."""
    paths: tuple[tuple[bytes, ...], ...]
    """One for each entry of the draft, in their order."""
    anchors: tuple[AnchorProof, ...]


def compose(
    head: Head,
    entries: Sequence[ProvenEntry],
    exhibits: Sequence[Exhibit],
    rounds: Iterable[bytes],
    texts: Mapping[str, bytes],
    stamps: int,
) -> Draft:
    """Everything that the commitment covers.

    Args:
        head: what it says of itself.
        entries: those that it opens, by rising place.
        exhibits: those that were not erased, each with its `captured` among the entries.
        rounds: each the series of one round whose `rechecked` is among the entries.
        texts: certificates, METHOD.md, case.jsonld, VERIFY.html and VERIFY.txt, by name.
        stamps: how many authorities will timestamp the package's own entry.

    Raises:
        Malformed: a name that no package may have, or a file that each must have is missing.
    """
    small = dict(texts)
    small[ENTRIES] = format_entries(PlacedEntry(entry.index, _opened(entry)) for entry in entries)
    for series in rounds:
        small[f"{ROUNDS}{hashlib.sha256(series).hexdigest()}.json"] = series
    parts: list[PartFile] = []
    for exhibit in exhibits:
        folder = f"{EXHIBITS}{exhibit.capture}/"
        small[folder + EXHIBIT] = exhibit.document
        blobs = {part.name: part.blob for part in exhibit.parts}
        parts += [
            PartFile(folder + row.name, blobs[row.name], row.size, row.sha256)
            for row in parse_exhibit(exhibit.document).parts
        ]
    parts.sort(key=lambda part: part.name)
    rows = [ListedFile(name, len(data), hashlib.sha256(data).digest()) for name, data in small.items()]
    rows += [ListedFile(part.name, part.size, part.sha256) for part in parts]
    listing = Listing(
        case=str(head.case),
        files=tuple(sorted(rows, key=lambda row: row.name)),
        id=str(head.id),
        log=head.log,
        made=head.made,
        service=head.service,
        software=head.software,
        stamps=stamps,
    )
    return Draft(
        head,
        format_listing(listing),
        tuple(PackageText(name, small[name]) for name in sorted(small)),
        tuple(parts),
    )


def manifest(draft: Draft) -> str:
    """Return what the log commits to, in hexadecimal."""
    return hashlib.sha256(draft.listing).hexdigest()


def proof_texts(proof: Proof) -> tuple[PackageText, ...]:
    """`data/proof/**`."""
    files = {
        OWN_ENTRY: format_own_entry(_opened(proof.own)),
        TLOG_PROOF: format_tlog_proof(TlogProof(proof.own.index, proof.own_path, proof.final)),
        PATHS: format_paths(Paths(proof.paths, proof.size)),
    }
    for each in proof.anchors:
        prefix = f"{ANCHORS}{each.anchor.size}."
        files[f"{prefix}note"] = format_note(each.anchor.note)
        files[f"{prefix}consistency"] = format_consistency(each.consistency)
        for number, (_, response) in enumerate(each.anchor.stamps, start=1):
            files[f"{prefix}{number}.tsr"] = response
    return tuple(PackageText(name, files[name]) for name in sorted(files))


def bag_texts(draft: Draft, proofs: Sequence[PackageText]) -> tuple[PackageText, ...]:
    """The bag's own four files: computed from all others, so they can hold nothing of their own."""
    listing = parse_listing(draft.listing)
    covered = [*proofs, PackageText(LISTING, draft.listing)]
    digests = {file.name: file.sha256 for file in listing.files}
    digests |= {text.name: hashlib.sha256(text.data).digest() for text in covered}
    payload = {name: digest for name, digest in digests.items() if name.startswith(PAYLOAD)}
    size = sum(file.size for file in listing.files if file.name.startswith(PAYLOAD))
    size += sum(len(text.data) for text in covered)
    bag = {
        "bagit.txt": BAGIT,
        "bag-info.txt": format_bag_info(listing.made, listing.id, size, len(payload), listing.service),
        "manifest-sha256.txt": format_manifest(payload.items()),
    }
    tagged = [
        (name, hashlib.sha256(bag[name]).digest() if name in bag else digests[name]) for name in TAG_FILES
    ]
    bag["tagmanifest-sha256.txt"] = format_manifest(tagged)
    return tuple(PackageText(name, bag[name]) for name in BAG_FILES)


def write_zip(draft: Draft, proof: Proof, read: Callable[[PartFile], bytes], out: Sink) -> None:
    """The whole package, to something that can only be written to; one part in memory at a time.

    The same draft and proof give the same bytes. What `read` raises, this does.
    """
    proofs = proof_texts(proof)
    texts = (*bag_texts(draft, proofs), *draft.texts, PackageText(LISTING, draft.listing), *proofs)
    folder = f"{FOLDER}{draft.head.id}/"
    files = ((folder + name, data) for name, data in _in_order(texts, draft.parts, read))
    write_zip_form(files, out)


def _in_order(
    texts: Iterable[PackageText], parts: Iterable[PartFile], read: Callable[[PartFile], bytes]
) -> Iterator[tuple[str, bytes]]:
    """All files by rising name; a part is read when its turn comes."""
    for each in sorted((*texts, *parts), key=lambda file: file.name):
        yield each.name, each.data if isinstance(each, PackageText) else read(each)


def _opened(entry: ProvenEntry) -> OpenedEntry:
    return OpenedEntry(entry.leaf, entry.salt, entry.opening)
