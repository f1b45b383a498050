"""The one zip that belongs to a package's files: written here, and compared here byte for byte.

Each byte follows from the names, the contents and section 1 of the format. Files are stored, so no packer's
choice is left. The writer of packages uses these functions too, so that the two cannot come apart.
Numbers of sections are those of PKWARE's APPNOTE 6.3.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from takeback_verify.core.extras import FULL32, ZIP64

FULL16 = 0xFFFF
_VERSION, _VERSION64 = 20, 45
"""Version that a reader must know: 2.0, and 4.5 for what is large (4.4.3)."""
_MADE_BY = 3 << 8 | _VERSION64
"""Unix, 4.5 (4.4.2)."""
_DATE = 0x0021
"""1 January 1980, as MS-DOS counts (4.4.6); the time is 0."""
_PLAIN_FILE = 0o100644 << 16
"""A file's mode on Unix (4.4.15)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, as the form sees it."""

    name: str
    """With its folder; ASCII."""
    size: int
    """In bytes."""
    crc: int
    start: int
    """Offset of its local header."""


class Sink(Protocol):
    """A target for a zip; it need not be able to seek."""

    def write(self, data: bytes, /) -> int:
        """Write all of it; its length."""
        ...


def write_zip_form(files: Iterable[tuple[str, bytes]], out: Sink) -> None:
    """Write the zip of these files, by rising name; one of them in memory at a time.

    Raises what `files` and `out` do.
    """
    entries, at = list[Entry](), 0
    for name, data in files:
        entry = Entry(name, len(data), zlib.crc32(data), at)
        head = _local_header(entry)
        out.write(head)
        out.write(data)
        entries.append(entry)
        at += len(head) + len(data)
    out.write(_directory(entries, at))


def has_zip_form(source: BinaryIO, entries: Sequence[Entry]) -> bool:
    """Tell whether a zip is the one that belongs to these files; their contents are not read.

    Args:
        source: the zip, seekable.
        entries: all its files, in the order in which they lie there.
    """
    at = 0
    for entry in entries:
        head = _local_header(entry)
        if entry.start != at or _take(source, at, len(head)) != head:
            return False
        at += len(head) + entry.size
    names = [entry.name for entry in entries]
    wanted = _directory(entries, at)
    whole = source.seek(0, os.SEEK_END) == at + len(wanted)
    return whole and names == sorted(set(names)) and _take(source, at, len(wanted)) == wanted


def _local_header(entry: Entry) -> bytes:
    """4.3.7."""
    large = entry.size >= FULL32
    extra = struct.pack("<HHQQ", ZIP64, 16, entry.size, entry.size) if large else b""
    size, name = min(entry.size, FULL32), entry.name.encode()
    fields = (_VERSION64 if large else _VERSION, 0, 0, 0, _DATE, entry.crc, size, size, len(name), len(extra))
    return struct.pack("<4s5H3L2H", b"PK\x03\x04", *fields) + name + extra


def _directory(entries: Sequence[Entry], at: int) -> bytes:
    """4.3.12 and all that follows, if the directory begins at this place."""
    data = b"".join(map(_central_header, entries))
    numbers = (len(entries), len(data), at)
    large = b""
    if numbers[0] >= FULL16 or max(numbers) >= FULL32:  # 4.3.14, 4.3.15
        count, length, _ = numbers
        fields = (44, _MADE_BY, _VERSION64, 0, 0, count, count, length, at)
        large = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", *fields)
        large += struct.pack("<4sLQL", b"PK\x06\x07", 0, at + length, 1)
    count, length, place = (min(n, full) for n, full in zip(numbers, (FULL16, FULL32, FULL32), strict=True))
    return data + large + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, length, place, 0)


def _central_header(entry: Entry) -> bytes:
    """4.3.12."""
    numbers = (entry.size, entry.size, entry.start)
    large = [n for n in numbers if n >= FULL32]
    extra = struct.pack(f"<HH{len(large)}Q", ZIP64, 8 * len(large), *large) if large else b""
    size, packed, start = (min(n, FULL32) for n in numbers)
    name = entry.name.encode()
    version = _VERSION64 if large else _VERSION
    fields = (_MADE_BY, version, 0, 0, 0, _DATE, entry.crc, packed, size, len(name), len(extra))
    more = (0, 0, 0, _PLAIN_FILE, start)
    return struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *fields, *more) + name + extra


def _take(source: BinaryIO, at: int, length: int) -> bytes:
    source.seek(at)
    return source.read(length)
