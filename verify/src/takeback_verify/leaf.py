"""The ledger's leaf: what a stranger may read of one fact.

A leaf is the RFC 8785 form of `{"commit": ..., "t": ..., "type": ..., "v": 1}`. It says that something of a
kind was recorded, and when. What exactly is behind the commitment SHA-256(salt || RFC 8785(opening)): without
the salt nobody can test a guess, with it everybody can check the fact. Destroying the salt leaves the log
valid. The parser takes the one canonical spelling and nothing else, so that one leaf has one hash.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import rfc8785

from takeback_verify.errors import Malformed

MAX_LEAF = 4096
"""Longest leaf, in bytes."""
SALT_BYTES = 32

_COMMIT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", re.ASCII)
_FIELDS = {"commit", "t", "type", "v"}

Json = str | int | None
"""What a fact's field may be on the wire."""
_JSON = (str, int, type(None))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry of the log. Raises Malformed when a field cannot be written canonically."""

    commit: bytes
    """SHA-256 over salt and opening, 32 bytes."""
    at: datetime
    """When it happened, in UTC, to the microsecond."""
    kind: str
    """The kind of fact, such as "case_opened"."""

    def __post_init__(self) -> None:
        """Refuse what `parse` would not give back."""
        if len(self.commit) != hashlib.sha256().digest_size:
            raise Malformed("the commitment is not 32 bytes")
        if not _TYPE.fullmatch(self.kind):
            raise Malformed(f"{self.kind!r} is not a kind of fact")
        if self.at.tzinfo is not UTC:
            raise Malformed("the time is not in UTC")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a commitment hides: one fact as it was recorded."""

    id: int
    """The fact's number in its database."""
    at: datetime
    """When it happened, in UTC, to the microsecond."""
    kind: str
    body: Mapping[str, Json]
    """The fact's fields as plain JSON values."""


def format_time(at: datetime) -> str:
    """A moment's one spelling: RFC 3339, UTC, six decimals, "Z". Raises Malformed without a time zone."""
    if at.tzinfo is None:
        raise Malformed("the time has no time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """What `format_time` wrote. Raises Malformed for any other spelling."""
    if not _TIME.fullmatch(text):
        raise Malformed(f"{text!r} is not a time in UTC with six decimals")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise Malformed(f"{text!r} is not a time: {error}") from error


def format_leaf(leaf: Leaf) -> bytes:
    """The leaf's canonical bytes, which the tree hashes."""
    # No value has a letter that JSON escapes, so this is its RFC 8785 form.
    return (
        f'{{"commit":"{leaf.commit.hex()}","t":"{format_time(leaf.at)}","type":"{leaf.kind}","v":1}}'
    ).encode()


def parse_leaf(data: bytes) -> Leaf:
    """The leaf behind canonical bytes.

    Raises:
        Malformed: too long, not JSON, unknown, missing or repeated fields, or another spelling of this leaf.
    """
    # 1. Bounded, and JSON.
    if len(data) > MAX_LEAF:
        raise Malformed(f"a leaf of {len(data)} bytes; at most {MAX_LEAF} are allowed")
    try:
        fields = json.loads(data.decode("utf-8"), object_pairs_hook=_no_repeats)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Malformed(f"a leaf is not JSON: {error}") from error
    # 2. These four fields, of these types.
    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        raise Malformed(f"a leaf has exactly the fields {sorted(_FIELDS)}")
    commit, at, kind, version = fields["commit"], fields["t"], fields["type"], fields["v"]
    if type(version) is not int or version != 1:
        raise Malformed(f"leaf version {version!r}; only 1 is known")
    if not (isinstance(commit, str) and _COMMIT.fullmatch(commit)):
        raise Malformed("the commitment is not 64 lower-case hexadecimal digits")
    if not (isinstance(at, str) and isinstance(kind, str)):
        raise Malformed("time and type are text")
    leaf = Leaf(bytes.fromhex(commit), parse_time(at), kind)
    # 3. In the one canonical spelling.
    if format_leaf(leaf) != data:
        raise Malformed("the leaf is not in canonical form (RFC 8785)")
    return leaf


def commit(salt: bytes, opening: Opening) -> bytes:
    """SHA-256(salt || RFC 8785(opening)), 32 bytes.

    Raises:
        Malformed: the salt is not 32 bytes, or the opening has no canonical form (a field that is not text,
            integer or null, an integer beyond 2**53, half of a surrogate pair).
    """
    if len(salt) != SALT_BYTES:
        raise Malformed(f"a salt of {len(salt)} bytes; it must be {SALT_BYTES}")
    if any(type(value) not in _JSON for value in opening.body.values()):
        raise Malformed(f"fact {opening.id} has a field that is neither text, integer nor null")
    fields = {
        "at": format_time(opening.at),
        "body": dict(opening.body),
        "id": opening.id,
        "kind": opening.kind,
    }
    try:
        return hashlib.sha256(salt + rfc8785.dumps(fields)).digest()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise Malformed(f"fact {opening.id} has no canonical form: {error}") from error


def seal(salt: bytes, opening: Opening) -> Leaf:
    """The leaf that commits to an opening. Raises Malformed as `commit` does."""
    return Leaf(commit(salt, opening), opening.at.astimezone(UTC), opening.kind)


def opens(leaf: Leaf, salt: bytes, opening: Opening) -> bool:
    """Whether salt and opening are what the leaf committed to, with the same time and kind."""
    try:
        claimed = seal(salt, opening)
    except Malformed:
        return False
    return claimed == leaf


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("a field of the leaf is repeated")
    return fields
