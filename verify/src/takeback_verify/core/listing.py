"""`data/dossier.json`: the closed list of all files, and what the package is.

Its SHA-256 is what the log committed to, so it covers every byte that it lists. What it cannot list (itself,
what proves it, and the bag's files, which are computed from it) is named in section 2 of the format; there is
no third kind of file.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from takeback_verify.core.bag import BAG_FILES
from takeback_verify.core.canonical import Value, is_uuid, moment, read, record, write
from takeback_verify.core.errors import Malformed
from takeback_verify.core.names import is_left_by_a_system

LISTING = "data/dossier.json"
ENTRIES = "data/entries.jsonl"
PROOF = "data/proof/"
OWN_ENTRY = "data/proof/dossier.json"
TLOG_PROOF = "data/proof/dossier.tlog-proof"
PATHS = "data/proof/entries.json"
ANCHORS = "data/proof/anchors/"
EXHIBITS = "data/exhibits/"
ROUNDS = "data/rounds/"
REQUIRED = ("VERIFY.html", "VERIFY.txt", "data/METHOD.md", "data/case.jsonld", ENTRIES)
"""Files that every package lists, besides at least one certificate."""

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LISTED = re.compile(
    r"VERIFY\.html|VERIFY\.txt|data/METHOD\.md|data/case\.jsonld|data/entries\.jsonl"
    r"|data/certificate\.[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*\.pdf"
    rf"|data/exhibits/{_UUID}/(?:exhibit\.json|sealed/[A-Za-z0-9._-]+\.age|open/[A-Za-z0-9._-]+)"
    r"|data/rounds/[0-9a-f]{64}\.json",
    re.ASCII,
)
_PROOF = re.compile(
    r"data/proof/(?:dossier\.json|dossier\.tlog-proof|entries\.json"
    r"|anchors/(?:0|[1-9][0-9]{0,18})\.(?:note|consistency|[1-9][0-9]?\.tsr))",
    re.ASCII,
)
_CERTIFICATE = re.compile(r"data/certificate\..*\.pdf")
_FIELDS = frozenset({"case", "files", "id", "log", "made", "service", "software", "stamps", "v"})
_ROW = frozenset({"bytes", "name", "sha256"})


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One row."""

    name: str
    size: int
    """In bytes."""
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Listing:
    """A package's own description."""

    case: str
    files: tuple[ListedFile, ...]
    """By rising name."""
    id: str
    log: str
    """The log's origin."""
    made: datetime
    service: str
    software: str
    stamps: int
    """Number of authorities that timestamp the package's own entry, once each."""


def format_listing(listing: Listing) -> bytes:
    """The document's bytes. Raises Malformed for what `parse_listing` would not give back."""
    rows: list[Value] = [
        {"bytes": file.size, "name": file.name, "sha256": file.sha256.hex()} for file in listing.files
    ]
    data = write(
        {
            "case": listing.case,
            "files": rows,
            "id": listing.id,
            "log": listing.log,
            "made": moment(listing.made),
            "service": listing.service,
            "software": listing.software,
            "stamps": listing.stamps,
            "v": 1,
        }
    )
    parse_listing(data)
    return data


def parse_listing(data: bytes) -> Listing:
    """Return the list that `format_listing` wrote. Raises Malformed for anything else, or an unknown name."""
    # 1. These fields.
    whole = record(read(data, LISTING), LISTING, _FIELDS)
    whole.first_version()
    files = tuple(_parse_row(row) for row in whole.rows("files"))
    # 2. By rising name, each of a kind that is listed, and none missing that must be there.
    names = [file.name for file in files]
    if names != sorted(set(names)):
        raise Malformed(f"{LISTING} does not list its files by rising name, each once")
    for name in names:
        if not _LISTED.fullmatch(name) or is_left_by_a_system(name):
            raise Malformed(f"{LISTING} lists {name}, which is no file of a package")
    for name in REQUIRED:
        if name not in names:
            raise Malformed(f"{LISTING} does not list {name}")
    if not any(map(_CERTIFICATE.fullmatch, names)):
        raise Malformed(f"{LISTING} lists no certificate")
    return Listing(
        whole.uuid("case"),
        files,
        whole.uuid("id"),
        whole.text("log"),
        whole.time("made"),
        whole.text("service"),
        whole.text("software"),
        whole.count("stamps"),
    )


def is_unlisted(name: str) -> bool:
    """Return whether the list leaves this file out."""
    return name in BAG_FILES or name == LISTING or _PROOF.fullmatch(name) is not None


def exhibit_of(name: str) -> str | None:
    """The capture whose exhibit a file belongs to."""
    capture = name.removeprefix(EXHIBITS).partition("/")[0]
    return capture if name.startswith(EXHIBITS) and is_uuid(capture) else None


def _parse_row(row: Value) -> ListedFile:
    fields = record(row, f"{LISTING}: a file", _ROW)
    return ListedFile(fields.text("name"), fields.count("bytes"), fields.digest("sha256"))
