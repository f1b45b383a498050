"""The log as a folder of files that any web server can publish (C2SP tlog-tiles): everybody can watch it.

    checkpoint                     the last checkpoint, with all signatures
    tile/<L>/<N>[.p/<W>]           hashes: full tiles for ever, the right edge with its width
    tile/entries/<N>[.p/<W>]       leaves, each with two bytes of length before it

Leaves say that something of a kind was recorded, and when, and nothing of whom. Files are written whole or
not at all, tiles before the checkpoint that needs them, so a folder can be published while it is written and
after a crash is simply written on. What was published before must have grown into what is published now.
"""

import shutil
import struct
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from takeback.errors import LedgerBroken
from takeback.infra import files
from takeback.infra.db.pool import Database, Tx
from takeback.infra.ledger import proofs, store
from takeback.infra.ledger.tiles import HEIGHT, WIDTH, Tree
from takeback_verify.core.checkpoint import Checkpoint, parse_checkpoint
from takeback_verify.core.errors import VerifyError
from takeback_verify.core.merkle import EMPTY_ROOT
from takeback_verify.core.note import format_note, parse_note

CHECKPOINT = "checkpoint"


def export(database: Database, folder: Path) -> int:
    """Bring a folder up to the last checkpoint; its size in entries.

    Raises:
        LedgerBroken: the folder holds another log, or what this one did not grow out of.
        OSError: a file cannot be written; what is there is still good.
    """
    with database.transaction() as tx:
        store.freeze(tx)
        note = proofs.final(tx)
        if note is None:
            return 0
        checkpoint = parse_checkpoint(note.text)
        tree = Tree(tx, checkpoint.size)
        before = _before(folder)
        if before is not None:
            _check_growth(tx, before, checkpoint)
        known = 0 if before is None else before.size
        files = chain(_tiles(tx, tree, checkpoint.size, known), _bundles(tx, checkpoint.size, known))
        for name, data in files:
            _write(folder / name, data)
        _write(folder / CHECKPOINT, format_note(note))
    _drop_old_edges(folder)
    return checkpoint.size


def tile_path(level: str, number: int, width: int = WIDTH) -> str:
    """Where a tile lies: C2SP tlog-tiles, "Merkle tree" and "log entries"."""
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:  # noqa: PLR2004 - three digits a part
        number //= 1000
        parts.append(f"x{number % 1000:03d}")
    edge = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(parts))}{edge}"


def _tiles(tx: Tx, tree: Tree, size: int, known: int) -> Iterator[tuple[str, bytes]]:
    """The tiles of hashes that are not in the folder of a tree of `known` leaves."""
    level = 0
    while size >> (level * HEIGHT):
        for number, width in _numbers(size >> (level * HEIGHT), known >> (level * HEIGHT)):
            kept = store.tile(tx, level, number) if width == WIDTH else None
            yield tile_path(str(level), number, width), kept or b"".join(tree.row(level, number))
        level += 1


def _bundles(tx: Tx, size: int, known: int) -> Iterator[tuple[str, bytes]]:
    """The bundles of leaves that are not in the folder of a tree of `known` leaves."""
    for number, width in _numbers(size, known):
        found = store.leaves(tx, number * WIDTH, width)
        if len(found) != width:
            raise LedgerBroken(f"entries are missing from place {number * WIDTH} on")
        data = b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in found)
        yield tile_path("entries", number, width), data


def _numbers(count: int, known: int) -> Iterator[tuple[int, int]]:
    """(number, width) of the tiles over `count` hashes, without full ones over the first `known`."""
    for number in range(known // WIDTH, count // WIDTH):
        yield number, WIDTH
    if count % WIDTH:
        yield count // WIDTH, count % WIDTH


def _before(folder: Path) -> Checkpoint | None:
    """The checkpoint that the folder holds."""
    path = folder / CHECKPOINT
    try:
        return parse_checkpoint(parse_note(path.read_bytes()).text)
    except FileNotFoundError:
        return None
    except VerifyError as error:
        raise LedgerBroken(f"{path} is no checkpoint: {error}") from error


def _check_growth(tx: Tx, before: Checkpoint, now: Checkpoint) -> None:
    if before.origin != now.origin:
        raise LedgerBroken(f"the folder holds the log {before.origin}, not {now.origin}")
    if before.size > now.size:
        raise LedgerBroken(f"the folder holds {before.size} entries, but the log has {now.size}")
    if before.root != (Tree(tx, before.size).root() if before.size else EMPTY_ROOT):
        raise LedgerBroken(f"the folder holds {before.size} entries that this log did not grow out of")


def _drop_old_edges(folder: Path) -> None:
    """Partial tiles whose full tile is there now."""
    for edge in (folder / "tile").rglob("*.p"):
        if edge.is_dir() and edge.with_suffix("").is_file():
            shutil.rmtree(edge)


def _write(path: Path, data: bytes) -> None:
    """Put a file down, whole or not at all, and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.replace(path, [data], mode=0o666)
