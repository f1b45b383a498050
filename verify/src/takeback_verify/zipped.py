"""The zip's own tables, read so strictly that every byte of the container has one meaning.

Programs differ in what they believe when a zip contradicts itself: its central directory or its local
headers, the first or the second file of a name, bytes between files. Here the local headers must say what the
central directory says, and headers and data must lie one behind the other without a gap from the first byte
to the directory, and nothing behind its end. Numbers of sections are those of PKWARE's APPNOTE 6.3.
"""

import os
import stat
import struct
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from takeback_verify.errors import CannotCheck, Malformed

MAX_FILES = 100_000
MAX_DIRECTORY = 64 * 2**20
"""Longest central directory that is read, in bytes."""
STORED, DEFLATED = 0, 8

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL32 = 0xFFFFFFFF
_FULL = (0xFFFF, _FULL32, _FULL32)
"""What the end says of a number of files, a length and a place that it has no room for."""
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_DESCRIPTOR = 0x8
_DOS_FOLDER = 0x10
_LONGEST_COMMENT = 0xFFFF


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the zip."""

    name: str
    size: int
    """Unpacked, in bytes."""
    packed: int
    """As it lies there, in bytes."""
    method: int
    crc: int
    flags: int
    start: int
    """Where its local header begins."""
    data: int = 0
    """Where its bytes begin; 0 until the local header was read."""


def read_members(source: BinaryIO) -> tuple[Member, ...]:
    """All files of a zip, in the order in which they lie there.

    Raises:
        CannotCheck: this is not a zip.
        Malformed: a zip that contradicts itself, or has what a package must not have.
    """
    end = source.seek(0, os.SEEK_END)
    count, length, offset, stop = _read_end(source, end)
    if count > MAX_FILES or length > MAX_DIRECTORY:
        raise Malformed(f"the zip has {count} files; at most {MAX_FILES} are allowed")
    if offset + length != stop:
        raise Malformed("the zip's directory does not lie where its end says")
    members = sorted(_read_directory(_take(source, offset, length), count), key=lambda m: m.start)
    return _read_local_headers(source, members, offset)


def _read_end(source: BinaryIO, end: int) -> tuple[int, int, int, int]:
    """4.3.16: number of files, length and place of the directory, and where the directory must end."""
    tail_start = max(0, end - _END.size - _LONGEST_COMMENT)
    tail = _take(source, tail_start, end - tail_start)
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or len(tail) - found < _END.size:
        raise CannotCheck("the file is not a zip, or its end is missing")
    at = tail_start + found
    _, disk, first, here, count, length, offset, comment = _END.unpack_from(tail, found)
    if at + _END.size != end or comment:
        raise Malformed("there are bytes behind the end of the zip")
    if disk or first or here != count:
        raise Malformed("the zip is one part of several")
    return _read_end64(source, at, (count, length, offset)) or (count, length, offset, at)


def _read_end64(source: BinaryIO, end: int, small: tuple[int, int, int]) -> tuple[int, int, int, int] | None:
    """4.3.14 and 4.3.15: the same for large zips; None if this is none."""
    locator_at = end - _END64_LOCATOR.size
    locator = _take(source, locator_at, _END64_LOCATOR.size) if locator_at >= 0 else b""
    if not locator.startswith(b"PK\x06\x07"):
        return None
    _, disk, at, disks = _unpack(_END64_LOCATOR, locator)
    if disk or disks > 1 or at + _END64.size != locator_at:
        raise Malformed("the zip's end for large files is not where it should be")
    signature, rest, _, _, disk, first, here, count, length, offset = _unpack(
        _END64, _take(source, at, _END64.size)
    )
    agree = all(
        said in {full, value} for said, full, value in zip(small, _FULL, (count, length, offset), strict=True)
    )
    if signature != b"PK\x06\x06" or rest != _END64.size - 12 or disk or first or here != count or not agree:
        raise Malformed("the zip's end for large files is not what it should be")
    return count, length, offset, at


def _read_directory(data: bytes, count: int) -> list[Member]:
    """4.3.12: the central directory."""
    members, at = list[Member](), 0
    for _ in range(count):
        fields = _unpack(_CENTRAL, data[at : at + _CENTRAL.size])
        signature, made_by, _, flags, method, _, _, crc, packed, size = fields[:10]
        name_length, extra_length, comment_length, disk, _, attributes, start = fields[10:]
        at += _CENTRAL.size
        name, at = data[at : at + name_length], at + name_length
        extra, at = data[at : at + extra_length], at + extra_length
        if signature != b"PK\x01\x02" or disk or comment_length or at > len(data):
            raise Malformed("the zip's directory is damaged")
        size, packed, start = _large(extra, (size, packed, start))
        _check_kind(name, method, flags, made_by, attributes)
        members.append(Member(_text(name), size, packed, method, crc, flags, start))
    if at != len(data):
        raise Malformed("the zip's directory is longer than its files")
    return members


def _check_kind(name: bytes, method: int, flags: int, made_by: int, attributes: int) -> None:
    """Refuse what is not a plain file, stored or deflated."""
    mode = attributes >> 16
    if flags & _ENCRYPTED:
        raise Malformed(f"{_text(name)} is encrypted by the zip")
    if method not in {STORED, DEFLATED}:
        raise Malformed(f"{_text(name)} is neither stored nor deflated")
    if name.endswith(b"/") or attributes & _DOS_FOLDER:
        raise Malformed(f"{_text(name)} is a folder")
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        raise Malformed(f"{_text(name)} is a link or a device (made by {made_by >> 8})")


def _read_local_headers(source: BinaryIO, members: list[Member], offset: int) -> tuple[Member, ...]:
    """4.3.7: each must say what the directory says, and they leave no gap."""
    complete, at = list[Member](), 0
    for member in members:
        if member.start != at:
            raise Malformed(f"there are bytes in the zip before {member.name} that no file owns")
        header = _unpack(_LOCAL, _take(source, at, _LOCAL.size))
        signature, _, flags, method, _, _, crc, packed, size, name_length, extra_length = header
        name = _take(source, at + _LOCAL.size, name_length)
        extra = _take(source, at + _LOCAL.size + name_length, extra_length)
        size, packed, _ = _large(extra, (size, packed, 0))
        said = (crc, packed, size)
        open_ended = bool(flags & _DESCRIPTOR) and not any(said)
        if (
            signature != b"PK\x03\x04"
            or (flags, method) != (member.flags, member.method)
            or name != member.name.encode()
            or not (open_ended or said == (member.crc, member.packed, member.size))
        ):
            raise Malformed(f"the zip contradicts itself about {member.name}")
        data = at + _LOCAL.size + name_length + extra_length
        at = data + member.packed
        if flags & _DESCRIPTOR:
            at += _descriptor(_take(source, at, 24), member)
        complete.append(replace(member, data=data))
    if at != offset:
        raise Malformed("there are bytes in the zip before its directory that no file owns")
    return tuple(complete)


def _descriptor(data: bytes, member: Member) -> int:
    """4.3.9: how long the data descriptor is, which must repeat the directory."""
    for form in ("<LQQ", "<LLL"):
        for signature in (b"PK\x07\x08", b""):
            try:
                expected = signature + struct.pack(form, member.crc, member.packed, member.size)
            except struct.error:
                continue
            if data.startswith(expected):
                return len(expected)
    raise Malformed(f"the zip contradicts itself behind {member.name}")


def _large(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """4.5.3: size, packed size and place, where the 32-bit fields are full."""
    wanted = [n for n, value in enumerate(values) if value == _FULL32]
    if not wanted:
        return values
    at, found = 0, list(values)
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1 and length >= 8 * len(wanted) and at + 4 + length <= len(extra):
            for place, n in enumerate(wanted):
                (found[n],) = struct.unpack_from("<Q", extra, at + 4 + 8 * place)
            return found[0], found[1], found[2]
        at += 4 + length
    raise Malformed("a large file's size is missing in the zip")


def _text(name: bytes) -> str:
    """A name; others than ASCII are refused here, since two programs could read them differently."""
    try:
        return name.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("a name in the zip is not ASCII") from error


def _take(source: BinaryIO, at: int, length: int) -> bytes:
    source.seek(max(0, at))
    return source.read(length)


def _unpack(form: struct.Struct, data: bytes) -> tuple[Any, ...]:
    if len(data) != form.size:
        raise Malformed("the zip is cut short")
    return form.unpack(data)
