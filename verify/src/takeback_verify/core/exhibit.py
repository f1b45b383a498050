"""`exhibit.json`: one captured post, as a list of sealed and open parts with their commitments.

Its SHA-256 is in the log entry of the capture, so it cannot be changed afterwards, not even when parts are
erased: then they are missing, and an entry of the log says that they were destroyed.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from takeback_verify.core.canonical import Value, moment, read, record, write
from takeback_verify.core.errors import Malformed

EXHIBIT = "exhibit.json"
SEALED, OPEN = "sealed/", "open/"
SALTS = "sealed/opening.json.age"
"""The sealed part that holds the salts of the other ones' commitments."""
KEY = "sealed/key.age"
"""The sealed part that holds the key to the other ones, if they are not sealed to recipients directly."""

_NAME = re.compile(r"sealed/[A-Za-z0-9._-]+\.age|open/[A-Za-z0-9._-]+", re.ASCII)
_FIELDS = frozenset(
    {
        "capture", "captured_at", "connector", "first_seen", "parts", "posted_at", "reason", "software",
        "suspected_minor", "v",
    }
)  # fmt: skip
_PART = frozenset({"bytes", "commitment", "media_type", "name", "sha256", "what"})
_OPENING = frozenset({"salts", "v"})


@dataclass(frozen=True, slots=True)
class ExhibitPart:
    """One file of an exhibit."""

    name: str
    """`sealed/....age` or `open/...`."""
    size: int
    """In bytes, as it lies in the package."""
    sha256: bytes
    """Of the file as it lies in the package."""
    commitment: bytes | None
    """SHA-256(salt || SHA-256(plaintext)) of a sealed part; None for open ones, salts and key."""
    media_type: str
    what: str
    """In words."""


@dataclass(frozen=True, slots=True)
class ExhibitDocument:
    """One captured post."""

    capture: str
    captured_at: datetime
    connector: str
    first_seen: datetime
    parts: tuple[ExhibitPart, ...]
    """By rising name."""
    posted_at: datetime
    reason: str
    software: str
    suspected_minor: bool


def commit_plaintext(salt: bytes, plaintext_sha256: bytes) -> bytes:
    """The commitment of a sealed part."""
    return hashlib.sha256(salt + plaintext_sha256).digest()


def format_exhibit(exhibit: ExhibitDocument) -> bytes:
    """The document's bytes. Raises Malformed for what `parse_exhibit` would not give back."""
    rows: list[Value] = [
        {
            "bytes": part.size,
            "commitment": None if part.commitment is None else part.commitment.hex(),
            "media_type": part.media_type,
            "name": part.name,
            "sha256": part.sha256.hex(),
            "what": part.what,
        }
        for part in exhibit.parts
    ]
    data = write(
        {
            "capture": exhibit.capture,
            "captured_at": moment(exhibit.captured_at),
            "connector": exhibit.connector,
            "first_seen": moment(exhibit.first_seen),
            "parts": rows,
            "posted_at": moment(exhibit.posted_at),
            "reason": exhibit.reason,
            "software": exhibit.software,
            "suspected_minor": exhibit.suspected_minor,
            "v": 1,
        }
    )
    parse_exhibit(data)
    return data


def parse_exhibit(data: bytes) -> ExhibitDocument:
    """Return the value that `format_exhibit` wrote. Raises Malformed for anything else."""
    whole = record(read(data, EXHIBIT), EXHIBIT, _FIELDS)
    whole.first_version()
    parts = tuple(_parse_part(row) for row in whole.rows("parts"))
    names = [part.name for part in parts]
    if names != sorted(set(names)):
        raise Malformed(f"{EXHIBIT} does not list its parts by rising name, each once")
    return ExhibitDocument(
        whole.uuid("capture"),
        whole.time("captured_at"),
        whole.text("connector"),
        whole.time("first_seen"),
        parts,
        whole.time("posted_at"),
        whole.text("reason"),
        whole.text("software"),
        whole.flag("suspected_minor"),
    )


def format_salts(salts: dict[str, bytes]) -> bytes:
    """The plaintext of `sealed/opening.json.age`: each sealed part's salt, by the part's name."""
    rows: dict[str, Value] = {name: salt.hex() for name, salt in salts.items()}
    return write({"salts": rows, "v": 1})


def parse_salts(data: bytes) -> dict[str, bytes]:
    """Return the value that `format_salts` wrote. Raises Malformed for anything else."""
    whole = record(read(data, SALTS), SALTS, _OPENING)
    whole.first_version()
    salts = whole.values["salts"]
    if not isinstance(salts, dict):
        raise Malformed(f"{SALTS}: salts is not an object")
    inner = record(salts, f"{SALTS}: salts", frozenset(salts))
    return {name: inner.digest(name) for name in salts}


def _parse_part(row: Value) -> ExhibitPart:
    fields = record(row, f"{EXHIBIT}: a part", _PART)
    name = fields.text("name")
    if not _NAME.fullmatch(name):
        raise Malformed(f"{EXHIBIT}: {name!r} is not a part's name")
    committed = fields.values["commitment"] is not None
    if committed != (name.startswith(SEALED) and name not in {SALTS, KEY}):
        raise Malformed(f"{EXHIBIT}: {name} has a commitment and must not, or has none and must")
    return ExhibitPart(
        name,
        fields.count("bytes"),
        fields.digest("sha256"),
        fields.digest("commitment") if committed else None,
        fields.text("media_type"),
        fields.text("what"),
    )
