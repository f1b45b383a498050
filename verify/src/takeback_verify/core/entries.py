"""Log entries that a package opens, and the paths that prove where they lie.

An opened entry is a leaf of the log, the salt and the fact that the leaf committed to. Opening is checked
here; that the leaf is in the log is checked against the final root, in `verdict.py`.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from takeback_verify.core.canonical import Record, Value, moment, parse_base64, read, record, write
from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.leaf import Json, Opening, opens, parse_leaf
from takeback_verify.core.listing import ENTRIES, OWN_ENTRY, PATHS
from takeback_verify.core.merkle import HASH_BYTES

_OWN = frozenset({"leaf", "opening", "salt"})
_ENTRY = _OWN | {"index"}
_OPENING = frozenset({"at", "body", "id", "kind"})
_PATHS = frozenset({"paths", "size"})
_MAX_PATH = 63


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """A leaf and what opens it."""

    leaf: bytes
    salt: bytes
    """32 bytes."""
    opening: Opening


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An opened entry and its place in the log."""

    index: int
    entry: OpenedEntry


@dataclass(frozen=True, slots=True)
class Paths:
    """Inclusion paths of the placed entries, in their order, in a tree of `size` leaves."""

    paths: tuple[tuple[bytes, ...], ...]
    size: int


def format_own_entry(entry: OpenedEntry) -> bytes:
    """`data/proof/dossier.json`: the entry that commits to the package."""
    return write(_value(entry))


def parse_own_entry(data: bytes) -> OpenedEntry:
    """Return the value that `format_own_entry` wrote.

    Raises:
        Malformed: anything else.
        NotProven: salt and opening are not what the leaf committed to.
    """
    return _parse(record(read(data, OWN_ENTRY), OWN_ENTRY, _OWN))


def format_entries(entries: Iterable[PlacedEntry]) -> bytes:
    """`data/entries.jsonl`: one line each."""
    return b"".join(write({"index": e.index, **_value(e.entry)}) + b"\n" for e in entries)


def parse_entries(data: bytes) -> tuple[PlacedEntry, ...]:
    """Return the value that `format_entries` wrote.

    Raises:
        Malformed: anything else, also entries that do not rise.
        NotProven: salt and opening of an entry are not what its leaf committed to.
    """
    if data and not data.endswith(b"\n"):
        raise Malformed(f"the last line of {ENTRIES} does not end")
    placed: list[PlacedEntry] = []
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        what = f"{ENTRIES}, line {number}"
        fields = record(read(line, what), what, _ENTRY)
        index = fields.count("index")
        if placed and index <= placed[-1].index:
            raise Malformed(f"{what}: the entries do not rise")
        placed.append(PlacedEntry(index, _parse(fields)))
    return tuple(placed)


def format_paths(paths: Paths) -> bytes:
    """`data/proof/entries.json`."""
    rows: list[Value] = [[base64.b64encode(node).decode() for node in path] for path in paths.paths]
    return write({"paths": rows, "size": paths.size})


def parse_paths(data: bytes) -> Paths:
    """Return the value that `format_paths` wrote. Raises Malformed for anything else."""
    whole = record(read(data, PATHS), PATHS, _PATHS)
    found = []
    for row in whole.rows("paths"):
        if not isinstance(row, list) or len(row) > _MAX_PATH:
            raise Malformed(f"{PATHS}: a path is not a list of at most {_MAX_PATH} hashes")
        found.append(tuple(parse_hash(node, PATHS) for node in row))
    return Paths(tuple(found), whole.count("size"))


def format_consistency(path: Iterable[bytes]) -> bytes:
    """`data/proof/anchors/<size>.consistency`: one hash a line, in base64."""
    return b"".join(base64.b64encode(node) + b"\n" for node in path)


def parse_consistency(data: bytes, what: str) -> tuple[bytes, ...]:
    """Return the value that `format_consistency` wrote. Raises Malformed for anything else."""
    if data and not data.endswith(b"\n"):
        raise Malformed(f"the last line of {what} does not end")
    lines = data.split(b"\n")[:-1]
    if len(lines) > 2 * _MAX_PATH:
        raise Malformed(f"{what} is too long to be a consistency proof")
    return tuple(parse_hash(line.decode("ascii", "replace"), what) for line in lines)


def parse_hash(text: Value, what: str) -> bytes:
    """Return 32 bytes in base64. Raises Malformed for anything else."""
    found = parse_base64(text, f"{what}: a hash")
    if len(found) != HASH_BYTES:
        raise Malformed(f"{what}: a hash is not 32 bytes in base64")
    return found


def _value(entry: OpenedEntry) -> dict[str, Value]:
    body: dict[str, Value] = dict(entry.opening.body)
    return {
        "leaf": entry.leaf.decode(),
        "opening": {
            "at": moment(entry.opening.at),
            "body": body,
            "id": entry.opening.id,
            "kind": entry.opening.kind,
        },
        "salt": entry.salt.hex(),
    }


def _parse(fields: Record) -> OpenedEntry:
    inner = fields.record("opening", _OPENING)
    body = inner.values["body"]
    if not isinstance(body, dict):
        raise Malformed(f"{inner.what}: body is not an object")
    plain: dict[str, Json] = {}
    for name, value in body.items():
        if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
            raise Malformed(f"{inner.what}: {name} is neither text, integer nor null")
        plain[name] = value
    opening = Opening(inner.count("id"), inner.time("at"), inner.text("kind"), plain)
    leaf, salt = fields.text("leaf").encode(), fields.digest("salt")
    if not opens(parse_leaf(leaf), salt, opening):
        raise NotProven(f"{fields.what}: what it says is not what the log committed to")
    return OpenedEntry(leaf, salt, opening)
