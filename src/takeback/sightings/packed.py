"""The parts of a picture, or the moments of a clip, as one column: bytes of fixed records.

A row for each variant would triple the table that grows fastest; JSON would triple the bytes. So one byte
says which kind of record follows, then come records of one length, numbers little-endian. The parse is strict
and the form canonical. Nothing is the empty text.

Most files show one view, and their parts are of the first two kinds. Where parts belong to further views, a
table of the views' names comes first, in the order of their parts, and each record says to which of them it
belongs.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from takeback.signals.model import HASH_BITS, HASH_BYTES, Box, Cut, Frame, Pdq, Variant
from takeback.signals.parts.names import is_view

MOST = 4095
"""Parts of one sighting; its whole is number 0."""
_VARIANTS, _FRAMES, _VARIANTS_OF_VIEWS, _FRAMES_OF_VIEWS = b"\x01", b"\x02", b"\x03", b"\x04"
_VARIANT = struct.Struct(f"<B4IBH{HASH_BYTES}s")
"""Cut, left, top, width, height, quality, doubt, hash."""
_FRAME = struct.Struct(f"<IB{HASH_BYTES}s")
"""Milliseconds, quality, hash."""
_VARIANT_OF_VIEW = struct.Struct(f"<HB4IBH{HASH_BYTES}s")
"""Number of its view, then as `_VARIANT`."""
_FRAME_OF_VIEW = struct.Struct(f"<HIB{HASH_BYTES}s")
_FORMS = {
    _VARIANTS: _VARIANT,
    _FRAMES: _FRAME,
    _VARIANTS_OF_VIEWS: _VARIANT_OF_VIEW,
    _FRAMES_OF_VIEWS: _FRAME_OF_VIEW,
}
_NUMBER = struct.Struct("<H")
_CUTS = (Cut.TRIMMED, Cut.PANEL, Cut.WHOLE, Cut.FRAME)
_CUTS_OF_ONE_VIEW = 2
_BEST = 100


def pack_variants(variants: Sequence[Variant]) -> bytes:
    """Pack the parts of a picture, without their flips. Raises ValueError for what a row cannot hold."""
    records = [
        (
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
    return _packed(_VARIANTS, _VARIANTS_OF_VIEWS, records, [each.view for each in variants])


def parse_variants(data: bytes) -> tuple[Variant, ...]:
    """Undo `pack_variants`. Raises ValueError unless `data` is exactly what that writes."""
    parts = tuple(_variant(view, record) for view, record in _records(data, _VARIANTS, _VARIANTS_OF_VIEWS))
    if data[:1] == _VARIANTS and any(_CUTS.index(each.cut) >= _CUTS_OF_ONE_VIEW for each in parts):
        raise ValueError("a part of another view in a list of one")
    return parts


def pack_frames(frames: Sequence[Frame]) -> bytes:
    """Pack the moments of a clip. Raises ValueError for what a row cannot hold."""
    records = [(each.at_ms, each.pdq.quality, each.pdq.hash) for each in frames]
    return _packed(_FRAMES, _FRAMES_OF_VIEWS, records, [each.view for each in frames])


def parse_frames(data: bytes) -> tuple[Frame, ...]:
    """Undo `pack_frames`. Raises ValueError unless `data` is exactly what that writes."""
    frames = tuple(_frame(view, record) for view, record in _records(data, _FRAMES, _FRAMES_OF_VIEWS))
    if any(earlier.at_ms > later.at_ms for earlier, later in pairwise(frames)):
        raise ValueError("moments of a clip go forward")
    return frames


def hashes(data: bytes) -> NDArray[np.uint8]:
    """Return the hashes alone, uint8[n, 32], in their order; for sweeps, which need nothing else."""
    if not data:
        return np.empty((0, HASH_BYTES), np.uint8)
    form = _FORMS.get(data[:1])
    at = 1 if data[:1] in (_VARIANTS, _FRAMES) else _views(data)[1]
    if form is None or (len(data) - at) % form.size:
        raise ValueError("not a list of parts")
    return np.frombuffer(data, np.uint8, offset=at).reshape(-1, form.size)[:, -HASH_BYTES:]


def _packed(plain: bytes, of_views: bytes, records: Sequence[tuple[Any, ...]], views: Sequence[str]) -> bytes:
    """Pack records of one view without its name; of several, behind a table of their names."""
    if len(records) > MOST:
        raise ValueError(f"a sighting has at most {MOST} parts, not {len(records)}")
    if not records:
        return b""
    if not any(views):
        return plain + b"".join(_FORMS[plain].pack(*record) for record in records)
    table = list(dict.fromkeys(views))
    if not all(map(is_view, table)):
        raise ValueError("no name of a view")
    numbers = {view: number for number, view in enumerate(table)}
    form = _FORMS[of_views]
    return b"".join(
        (
            of_views,
            _NUMBER.pack(len(table)),
            *(bytes([len(view)]) + view.encode("ascii") for view in table),
            *(form.pack(numbers[view], *record) for view, record in zip(views, records, strict=True)),
        )
    )


def _views(data: bytes) -> tuple[list[str], int]:
    """Return the table of names, and where it ends. Raises ValueError."""
    if len(data) < 1 + _NUMBER.size:
        raise ValueError("not a list of parts")
    (count,) = _NUMBER.unpack_from(data, 1)
    at, table = 1 + _NUMBER.size, list[str]()
    for _ in range(count):
        length = data[at] if at < len(data) else 0
        name = data[at + 1 : at + 1 + length]
        if at >= len(data) or len(name) != length:
            raise ValueError("not a list of parts")
        table.append(name.decode("ascii"))
        at += 1 + length
    if not any(table) or len(set(table)) != len(table) or not all(map(is_view, table)):
        raise ValueError("no table of views")
    return table, at


def _records(data: bytes, plain: bytes, of_views: bytes) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield each record with the name of its view."""
    if not data:
        return
    if data[:1] not in (plain, of_views):
        raise ValueError("not a list of parts")
    table, at = ([""], 1) if data[:1] == plain else _views(data)
    body, form = data[at:], _FORMS[data[:1]]
    if not body or len(body) % form.size or len(body) // form.size > MOST:
        raise ValueError("not a list of parts")
    if data[:1] == plain:
        yield from (("", record) for record in form.iter_unpack(body))
        return
    known = 0
    for number, *record in form.iter_unpack(body):
        # Names are in the order in which parts first need them, so one list has one form.
        if number > known or number >= len(table):
            raise ValueError("views out of their order")
        known += number == known
        yield table[number], tuple(record)
    if known != len(table):
        raise ValueError("a view without parts")


def _variant(view: str, record: tuple[Any, ...]) -> Variant:
    cut, left, top, width, height, quality, doubt, value = record
    if cut >= len(_CUTS) or width == 0 or height == 0 or doubt > HASH_BITS:
        raise ValueError("not a part of a picture")
    return Variant(_CUTS[cut], Box(left, top, width, height), _pdq(quality, value), doubt, (), view)


def _frame(view: str, record: tuple[Any, ...]) -> Frame:
    at_ms, quality, value = record
    return Frame(at_ms, _pdq(quality, value), (), view)


def _pdq(quality: int, value: bytes) -> Pdq:
    if quality > _BEST:
        raise ValueError(f"a quality is 0 to {_BEST}")
    return Pdq(value, quality)
