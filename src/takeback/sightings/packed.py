"""The parts of a picture, or the moments of a clip, as one column: bytes of fixed records.

A row of its own for each variant would triple the table that grows fastest; JSON would triple the bytes. So
they are packed: one byte that says which kind of record follows, then records of one length each, numbers
little-endian. The parse is strict and the form canonical: what parses is written again as the same bytes.
Nothing is the empty text.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from takeback.signals.model import HASH_BITS, HASH_BYTES, Box, Cut, Frame, Pdq, Variant

MOST = 4095
"""Parts of one sighting; its whole is number 0."""
_VARIANTS, _FRAMES = b"\x01", b"\x02"
_VARIANT = struct.Struct(f"<B4IBH{HASH_BYTES}s")
"""Cut, left, top, width, height, quality, doubt, hash."""
_FRAME = struct.Struct(f"<IB{HASH_BYTES}s")
"""Milliseconds, quality, hash."""
_CUTS = (Cut.TRIMMED, Cut.PANEL)
_BEST = 100


def pack_variants(variants: Sequence[Variant]) -> bytes:
    """The parts of a picture, without their flips. Raises ValueError for what a row cannot hold."""
    records = [
        _VARIANT.pack(
            _CUTS.index(each.cut),
            each.box.left,
            each.box.top,
            each.box.width,
            each.box.height,
            each.pdq.quality,
            each.doubt,
            each.pdq.hash,
        )
        for each in variants
    ]
    return _packed(_VARIANTS, records)


def parse_variants(data: bytes) -> tuple[Variant, ...]:
    """The parts of a picture. Raises ValueError unless `data` is exactly what `pack_variants` writes."""
    return tuple(_variant(record) for record in _records(data, _VARIANTS, _VARIANT))


def pack_frames(frames: Sequence[Frame]) -> bytes:
    """The moments of a clip. Raises ValueError for what a row cannot hold."""
    return _packed(_FRAMES, [_FRAME.pack(each.at_ms, each.pdq.quality, each.pdq.hash) for each in frames])


def parse_frames(data: bytes) -> tuple[Frame, ...]:
    """The moments of a clip. Raises ValueError unless `data` is exactly what `pack_frames` writes."""
    frames = tuple(_frame(record) for record in _records(data, _FRAMES, _FRAME))
    if any(earlier.at_ms > later.at_ms for earlier, later in pairwise(frames)):
        raise ValueError("moments of a clip go forward")
    return frames


def hashes(data: bytes) -> NDArray[np.uint8]:
    """The hashes alone, uint8[n, 32], in their order; for sweeps, which need nothing else."""
    if not data:
        return np.empty((0, HASH_BYTES), np.uint8)
    form = {_VARIANTS: _VARIANT, _FRAMES: _FRAME}.get(data[:1])
    if form is None or (len(data) - 1) % form.size:
        raise ValueError("not a list of parts")
    return np.frombuffer(data, np.uint8, offset=1).reshape(-1, form.size)[:, -HASH_BYTES:]


def _packed(kind: bytes, records: Sequence[bytes]) -> bytes:
    if len(records) > MOST:
        raise ValueError(f"a sighting has at most {MOST} parts, not {len(records)}")
    return kind + b"".join(records) if records else b""


def _records(data: bytes, kind: bytes, form: struct.Struct) -> Iterator[tuple[int | bytes, ...]]:
    if not data:
        return iter(())
    body = data[1:]
    if data[:1] != kind or not body or len(body) % form.size or len(body) // form.size > MOST:
        raise ValueError("not a list of parts")
    return form.iter_unpack(body)


def _variant(record: tuple[int | bytes, ...]) -> Variant:
    cut, left, top, width, height, quality, doubt, value = record
    assert isinstance(cut, int)
    assert isinstance(left, int)
    assert isinstance(top, int)
    assert isinstance(width, int)
    assert isinstance(height, int)
    assert isinstance(doubt, int)
    if cut >= len(_CUTS) or width == 0 or height == 0 or doubt > HASH_BITS:
        raise ValueError("not a part of a picture")
    return Variant(_CUTS[cut], Box(left, top, width, height), _pdq(quality, value), doubt)


def _frame(record: tuple[int | bytes, ...]) -> Frame:
    at_ms, quality, value = record
    assert isinstance(at_ms, int)
    return Frame(at_ms, _pdq(quality, value))


def _pdq(quality: int | bytes, value: int | bytes) -> Pdq:
    assert isinstance(quality, int)
    assert isinstance(value, bytes)
    if quality > _BEST:
        raise ValueError(f"a quality is 0 to {_BEST}")
    return Pdq(value, quality)
