"""The ledger's leaf: what a stranger may read of one event.

A leaf is the RFC 8785 form of `{"commit": ..., "t": ..., "type": ..., "v": 1}`. It says that something of a
kind was recorded, and when. What exactly is behind the commitment SHA-256(salt || RFC 8785(opening)): without
the salt nobody can test a guess, with it everybody can check the fact. Destroying the salt leaves the log
valid. The parser takes the one canonical spelling and nothing else, so that one leaf has one hash.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from takeback_verify.core.canonical import Value, moment, read, record, write
from takeback_verify.core.errors import Malformed

MAX_LEAF = 4096
"""Longest leaf, in bytes."""
SALT_BYTES = 32

_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_FIELDS = frozenset({"commit", "t", "type", "v"})

Json = str | int | None
"""Types of an event's fields on the wire."""
_JSON = (str, int, type(None))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry of the log. Raises Malformed when a field cannot be written canonically."""

    commit: bytes
    """SHA-256 over salt and opening, 32 bytes."""
    at: datetime
    """Time of the event, in UTC, to the microsecond."""
    kind: str
    """The kind of event, such as "case_opened"."""

    def __post_init__(self) -> None:
        """Refuse what `parse` would not give back."""
        if len(self.commit) != hashlib.sha256().digest_size:
            raise Malformed("the commitment is not 32 bytes")
        if not _TYPE.fullmatch(self.kind):
            raise Malformed(f"{self.kind!r} is not a kind of event")
        if self.at.tzinfo is not UTC:
            raise Malformed("the time is not in UTC")


@dataclass(frozen=True, slots=True)
class Opening:
    """The content behind a commitment: one event as it was recorded."""

    id: int
    """The fact's number in its database."""
    at: datetime
    """Time of the event, in UTC, to the microsecond."""
    kind: str
    body: Mapping[str, Json]
    """The fact's fields as plain JSON values."""


def format_leaf(leaf: Leaf) -> bytes:
    """Return the leaf's canonical bytes, which the tree hashes."""
    # No value has a letter that JSON escapes, so this is its RFC 8785 form.
    return (f'{{"commit":"{leaf.commit.hex()}","t":"{moment(leaf.at)}","type":"{leaf.kind}","v":1}}').encode()


def parse_leaf(data: bytes) -> Leaf:
    """Return the leaf behind canonical bytes.

    Raises:
        Malformed: too long, not JSON, unknown, missing or repeated fields, or another spelling of this leaf.
    """
    if len(data) > MAX_LEAF:
        raise Malformed(f"a leaf of {len(data)} bytes; at most {MAX_LEAF} are allowed")
    fields = record(read(data, "a leaf"), "a leaf", _FIELDS)
    fields.first_version()
    return Leaf(fields.digest("commit"), fields.time("t"), fields.text("type"))


def commit(salt: bytes, opening: Opening) -> bytes:
    """Return SHA-256(salt || RFC 8785(opening)), 32 bytes.

    Raises:
        Malformed: the salt is not 32 bytes, or the opening has no canonical form (a field that is not text,
            integer or null, an integer beyond 2**53, half of a surrogate pair).
    """
    if len(salt) != SALT_BYTES:
        raise Malformed(f"a salt of {len(salt)} bytes; it must be {SALT_BYTES}")
    if any(type(value) not in _JSON for value in opening.body.values()):
        raise Malformed(f"entry {opening.id} has a field that is neither text, integer nor null")
    fields: dict[str, Value] = {
        "at": moment(opening.at),
        "body": dict(opening.body),
        "id": opening.id,
        "kind": opening.kind,
    }
    return hashlib.sha256(salt + write(fields)).digest()


def seal(salt: bytes, opening: Opening) -> Leaf:
    """Return the leaf that commits to an opening. Raises Malformed as `commit` does."""
    return Leaf(commit(salt, opening), opening.at.astimezone(UTC), opening.kind)


def opens(leaf: Leaf, salt: bytes, opening: Opening) -> bool:
    """Return whether salt and opening are what the leaf committed to, with the same time and kind."""
    try:
        claimed = seal(salt, opening)
    except Malformed:
        return False
    return claimed == leaf
