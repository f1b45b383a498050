"""An index on disk: segment files that are never changed, and a manifest, replaced last, that names them.

A segment file is a header of 4096 bytes and its parts, each on a page, so that they are used memory-mapped.
The header has the SHA-256 of each part and of itself, the manifest that of each header. Opening reads
headers, lengths and offsets; `check_parts` reads everything. Nothing that does not fit is used.

    header   magic 8 | version u32 | kind u32 | rows u64 | blocks u64 | SHA-256 of five parts | ... | SHA-256
    kind 1   ids i64[n] | planes u8[b, 256, 64] | rows u8[n - 512 b, 32]
    kind 3   the same with rising ids
    kind 4   ids i64[n] | rows u8[n, 32] | offsets u32[16 * 65537] | sketches u16[32 n + 32] | numbers u32[16
    n]

All numbers are little-endian.
"""

import hashlib
import os
import re
import secrets
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from takeback.errors import DamagedIndex
from takeback.signals.index.engine import BLOCK, CHUNKS, OFFSETS, PLANE_BYTES, SKETCH_PADDING, Columns, Engine
from takeback.signals.index.segment import Layout, Saved, Segment, no_planes
from takeback.signals.model import HASH_BITS, HASH_BYTES

MANIFEST = "index"
_MAGIC, _VERSION = b"TAKEBIDX", 1
_PAGE = 4096
_FLAT, _FLAT_ORDERED, _MULTI = 1, 3, 4
"""Kind 2 had its sketches in another order, and is not read any more."""
_HEADER = struct.Struct("<8sIIQQ160s")
_DIGEST = 32
_NAME = re.compile(r"(?:segment|removed)-[0-9a-f]{16}")
_MOST_ROWS = (1 << 32) - 1
_LINE = re.compile(
    r"segment (segment-[0-9a-f]{16}) ([0-9a-f]{64})(?: (removed-[0-9a-f]{16}) ([0-9a-f]{64}))?"
)
_MANIFEST_FORM = re.compile(
    r"takeback index (\d+)\nlayout (multi|flat)\nradius (\d{1,2})\n((?:segment .*\n)*)sha256 ([0-9a-f]{64})\n"
)
_AGAIN = "delete the folder and build the index again from what it was made of"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of an index."""

    layout: Layout
    radius: int
    segments: tuple[tuple[Saved, Saved | None], ...] = field(default=())
    """Each with the file that says which of its rows were removed."""


def damaged(path: Path, what: str) -> DamagedIndex:
    """Return the error for a file."""
    return DamagedIndex(f"{path}: {what}; {_AGAIN}")


# --- the manifest ------------------------------------------------------------------------------------------


def format_manifest(manifest: Manifest) -> str:
    """Return the manifest as it is stored."""
    lines = [f"takeback index {_VERSION}", f"layout {manifest.layout.value}", f"radius {manifest.radius}"]
    for segment, removed in manifest.segments:
        rest = "" if removed is None else f" {removed.name} {removed.digest}"
        lines.append(f"segment {segment.name} {segment.digest}{rest}")
    text = "".join(line + "\n" for line in lines)
    return f"{text}sha256 {hashlib.sha256(text.encode()).hexdigest()}\n"


def parse_manifest(text: str) -> Manifest:
    """Undo `format_manifest`. Raises ValueError: it is not what that gives."""
    parts = _MANIFEST_FORM.fullmatch(text)
    if parts is None:
        raise ValueError("is not an index's manifest, or is torn")
    version, layout, radius, lines, _ = parts.groups()
    if int(version) != _VERSION:
        raise ValueError(f"is of version {version}, this Takeback reads {_VERSION}")
    segments: list[tuple[Saved, Saved | None]] = []
    for line in lines.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError("has a line that nobody wrote")
        name, digest, removed, its = found.groups()
        segments.append((Saved(name, digest), None if removed is None else Saved(removed, its)))
    manifest = Manifest(Layout(layout), int(radius), tuple(segments))
    if format_manifest(manifest) != text:
        raise ValueError("was changed: its checksum is another")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read a folder's manifest. Raises DamagedIndex: there is none, or it cannot be trusted."""
    path = folder / MANIFEST
    try:
        return parse_manifest(path.read_text("ascii"))
    except FileNotFoundError as error:
        raise damaged(path, "is missing") from error
    except ValueError as error:
        raise damaged(path, str(error)) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the folder's manifest, then delete the files that it does not name."""
    write_file(folder / MANIFEST, [format_manifest(manifest).encode()])
    named = {each.name for pair in manifest.segments for each in pair if each is not None}
    for path in folder.iterdir():
        if path.name.startswith(".new-") or (_NAME.fullmatch(path.name) and path.name not in named):
            path.unlink(missing_ok=True)


# --- segments ----------------------------------------------------------------------------------------------


def write_segment(folder: Path, segment: Segment) -> Saved:
    """Store a segment, without its removals."""
    parts = [segment.ids, segment.planes, segment.rows]
    kind = _FLAT_ORDERED if segment.ordered else _FLAT
    if segment.columns is not None:
        parts, kind = [segment.ids, segment.rows, *segment.columns], _MULTI
    views = [np.ascontiguousarray(part).reshape(-1).view(np.uint8).data for part in parts]
    digests = b"".join(hashlib.sha256(view).digest() for view in views)
    header = _HEADER.pack(_MAGIC, _VERSION, kind, len(segment), len(segment.planes), digests)
    header = header.ljust(_PAGE - _DIGEST, b"\0")
    digest = hashlib.sha256(header).digest()
    saved = Saved(f"segment-{secrets.token_hex(8)}", digest.hex())
    pieces: list[bytes | memoryview] = [header, digest]
    for view in views:
        pieces += [view, bytes(-len(view) % _PAGE)]
    write_file(folder / saved.name, pieces)
    return saved


def write_removed(folder: Path, dead: NDArray[np.bool_]) -> Saved:
    """Store which rows of a segment were removed."""
    data = np.packbits(dead).tobytes()
    saved = Saved(f"removed-{secrets.token_hex(8)}", hashlib.sha256(data).hexdigest())
    write_file(folder / saved.name, [data])
    return saved


def open_segment(folder: Path, engine: Engine, saved: Saved, removed: Saved | None) -> Segment:
    """Map a segment into memory.

    Raises:
        DamagedIndex: a file is not what the manifest says, as far as can be told without reading all.
        FileNotFoundError: it is gone.
    """
    path = folder / saved.name
    kind, blocks, _, parts = _parts(path, saved)
    ids = parts[0].view(np.int64)
    try:
        if kind == _MULTI:
            columns = Columns(parts[2].view(np.uint32), parts[3].view(np.uint16), parts[4].view(np.uint32))
            rows = parts[1].reshape(-1, HASH_BYTES)
            segment = Segment(engine, ids, no_planes(), rows, columns, ordered=True)
        else:
            planes = parts[1].reshape(blocks, HASH_BITS, PLANE_BYTES)
            rows = parts[2].reshape(-1, HASH_BYTES)
            segment = Segment(engine, ids, planes, rows, ordered=kind == _FLAT_ORDERED)
    except ValueError as error:
        raise damaged(path, str(error)) from error
    if removed is not None:
        segment.dead = _read_removed(folder / removed.name, removed, len(segment))
        segment.lost = int(np.count_nonzero(segment.dead))
    segment.saved = folder, saved
    return segment


def check_parts(folder: Path, saved: Saved) -> None:
    """Read a segment file from end to end. Raises DamagedIndex: a byte was changed; FileNotFoundError."""
    path = folder / saved.name
    _, _, digests, parts = _parts(path, saved)
    for number, part in enumerate(parts):
        expected = digests[number * _DIGEST : (number + 1) * _DIGEST]
        if hashlib.sha256(part.data).digest() != expected:
            raise damaged(path, f"part {number} was changed: its checksum is another")


def _parts(path: Path, saved: Saved) -> tuple[int, int, bytes, list[NDArray[np.uint8]]]:
    size = path.stat().st_size
    if size < _PAGE:
        raise damaged(path, "is torn")
    whole = np.asarray(np.memmap(path, np.uint8, "r"))
    header = whole[:_PAGE].tobytes()
    magic, version, kind, rows, blocks, digests = _HEADER.unpack_from(header)
    if magic != _MAGIC:
        raise damaged(path, "is not a segment of an index")
    if version != _VERSION:
        raise damaged(path, f"is of version {version}, this Takeback reads {_VERSION}")
    digest = hashlib.sha256(header[:-_DIGEST]).digest()
    if digest != header[-_DIGEST:] or digest.hex() != saved.digest:
        raise damaged(path, "has another header than the manifest says")
    if kind not in {_FLAT, _MULTI, _FLAT_ORDERED} or rows > _MOST_ROWS or blocks * BLOCK > rows:
        raise damaged(path, "has a header that nobody wrote")
    if kind == _MULTI:
        lengths = (8, HASH_BYTES, 0, 4 * CHUNKS, 4 * CHUNKS)
        lengths = tuple(each * rows for each in lengths)
        lengths = (*lengths[:2], 4 * OFFSETS, lengths[3] + 2 * SKETCH_PADDING, lengths[4])
    else:
        lengths = (8 * rows, blocks * BLOCK * HASH_BYTES, (rows - blocks * BLOCK) * HASH_BYTES)
    parts: list[NDArray[np.uint8]] = []
    at = _PAGE
    for length in lengths:
        parts.append(whole[at : at + length])
        at += length + -length % _PAGE
    if at != size:
        raise damaged(path, "is torn")
    return kind, blocks, digests, parts


def _read_removed(path: Path, saved: Saved, rows: int) -> NDArray[np.bool_]:
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != saved.digest or len(data) != (rows + 7) // 8:
        raise damaged(path, "was changed, or is torn")
    return np.unpackbits(np.frombuffer(data, np.uint8), count=rows).astype(np.bool_)


def write_file(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file that others see whole or not at all, for its owner alone, and flush it with its folder.

    Raises OSError.
    """
    draft = path.with_name(f".new-{path.name}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
