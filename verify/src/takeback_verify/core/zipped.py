"""The zip's own tables, read so strictly that all readers find the same bytes under the same names.

Programs differ in what they believe when a zip contradicts itself: its central directory or its local
headers, the first or the second end, a header or its extra field, bytes between files. Here the local headers
must say what the central directory says, headers and data must lie one behind the other without a gap from
the first byte to the directory, and nothing behind its end. What packers differ in and no reader takes bytes
from is let through: times, owners, permissions, entries for folders, data descriptors. Whether the zip is the
one that belongs to its files is not asked here but in `zip_form`. Numbers of sections are those of PKWARE's
APPNOTE 6.3.
"""

import os
import stat
import struct
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from takeback_verify.core.errors import CannotCheck, Malformed
from takeback_verify.core.extras import FULL32, ZIP64, read_extras, read_sizes
from takeback_verify.core.names import shown

MAX_FILES = 100_000
MAX_DIRECTORY = 64 * 2**20
"""Longest central directory that is read, in bytes."""
STORED, DEFLATED = 0, 8

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL = (0xFFFF, FULL32, FULL32)
"""Values of the end for numbers, lengths and places that do not fit its fields."""
_FLAGS = 0x2 | 0x4 | 0x8 | 0x800
"""Flags that may be set: how hard it was packed, that a descriptor follows, that the name is UTF-8."""
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_DESCRIPTOR = 0x8
_DOS_FOLDER = 0x10
_DOS_STRANGE = 0x8 | 0x40 | 0x400
"""A disc's label, a device, a link of Windows."""
_SETUID, _SPECIAL = 0o4000, 0o7000
_LONGEST_COMMENT = 0xFFFF
_SEALED = ".age"


@dataclass(frozen=True, slots=True)
class Member:
    """One file or folder of the zip."""

    name: str
    """A folder's ends with a slash."""
    size: int
    """Unpacked, in bytes."""
    packed: int
    """As it lies there, in bytes."""
    method: int
    crc: int
    flags: int
    start: int
    """Offset of its local header."""
    data: int = 0
    """Offset of its bytes; 0 until the local header was read."""

    @property
    def is_folder(self) -> bool:
        """True for a folder."""
        return self.name.endswith("/")


def read_members(source: BinaryIO) -> tuple[Member, ...]:
    """Return all files and folders of a zip, in the order in which they lie there.

    Raises:
        CannotCheck: this is not a zip.
        Malformed: a zip that two readers could understand differently.
    """
    end = source.seek(0, os.SEEK_END)
    count, length, offset, stop = _read_end(source, end)
    if count > MAX_FILES or length > MAX_DIRECTORY:
        raise Malformed(f"the zip has {count} files; at most {MAX_FILES} are allowed")
    if offset + length != stop:
        raise Malformed("the zip's directory does not lie where its end says")
    members = sorted(_read_directory(_take(source, offset, length), count), key=lambda m: m.start)
    return _read_local_headers(source, members, offset)


def check_end_is_seen(member: Member, *, trusted: bool) -> None:
    """Refuse a stored file whose end a reader without the directory must guess from its bytes.

    Args:
        member: the file.
        trusted: its bytes are fixed by the log, as those of sealed parts; early packages had them so.

    Raises:
        Malformed: it is such a file.
    """
    if member.flags & _DESCRIPTOR and member.method == STORED and member.size and not trusted:
        raise Malformed(f"the zip does not say before {shown(member.name)} where it ends")


def _read_end(source: BinaryIO, end: int) -> tuple[int, int, int, int]:
    """4.3.16: number of files, length and place of the directory, and where the directory must end."""
    tail_start = max(0, end - _END.size - _LONGEST_COMMENT)
    tail = _take(source, tail_start, end - tail_start)
    found = tail.rfind(b"PK\x05\x06", 0, len(tail) - _END.size + 4) if len(tail) >= _END.size else -1
    if found < 0:
        raise CannotCheck("the file is not a zip, or its end is missing")
    at = tail_start + found
    _, disk, first, here, count, length, offset, comment = _END.unpack_from(tail, found)
    if at + _END.size != end or comment:
        raise Malformed("there are bytes behind the end of the zip")
    if _has_second_end(tail[:found]):
        raise Malformed("the zip has two ends")
    if disk or first or here != count:
        raise Malformed("the zip is one part of several")
    return _read_end64(source, at, (count, length, offset)) or (count, length, offset, at)


def _has_second_end(tail: bytes) -> bool:
    """Tell whether a reader could take other bytes for the end, and the true one for their comment."""
    at = tail.find(b"PK\x05\x06")
    while at >= 0:
        comment = tail[at + _END.size - 2 : at + _END.size]
        if comment == struct.pack("<H", len(tail) - at):  # what follows it, the true end included
            return True
        at = tail.find(b"PK\x05\x06", at + 1)
    return False


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
        signature, _, _, flags, method, _, _, crc, packed, size = fields[:10]
        name_length, extra_length, comment_length, disk, _, attributes, start = fields[10:]
        at += _CENTRAL.size
        raw, at = data[at : at + name_length], at + name_length
        extra, at = data[at : at + extra_length], at + extra_length
        if signature != b"PK\x01\x02" or disk or comment_length or at > len(data):
            raise Malformed("the zip's directory is damaged, or comments on its files")
        name = _text(raw)
        size, packed, start = read_sizes(read_extras(extra, raw, name), (size, packed, start), name)
        members.append(Member(name, size, packed, method, crc, flags, start))
        _check_kind(members[-1], attributes)
    if at != len(data):
        raise Malformed("the zip's directory is longer than its files")
    return members


def _check_kind(member: Member, attributes: int) -> None:
    """Refuse what is no plain file, stored or deflated, and no empty folder."""
    name, mode = shown(member.name), attributes >> 16
    if member.flags & _ENCRYPTED:
        raise Malformed(f"{name} is encrypted by the zip")
    if member.method not in {STORED, DEFLATED}:
        raise Malformed(f"{name} is neither stored nor deflated")
    if member.flags & ~_FLAGS or (member.method == STORED and member.size != member.packed):
        raise Malformed(f"{name} is packed in a way that readers may not know")
    kinds = {0, stat.S_IFDIR if member.is_folder else stat.S_IFREG}
    strange = _SETUID if member.is_folder else _SPECIAL
    if stat.S_IFMT(mode) not in kinds or mode & strange or attributes & _DOS_STRANGE:
        raise Malformed(f"{name} is a link or a device, or has a right that a plain file has not")
    if attributes & _DOS_FOLDER and not member.is_folder:
        raise Malformed(f"{name} is a folder and a file")
    if member.is_folder and (member.size or member.crc):
        raise Malformed(f"{name} is a folder with bytes of its own")


def _read_local_headers(source: BinaryIO, members: list[Member], offset: int) -> tuple[Member, ...]:
    """4.3.7: each must say what the directory says, and they leave no gap."""
    complete, at = list[Member](), 0
    for member in members:
        if member.start != at:
            raise Malformed(f"there are bytes in the zip before {shown(member.name)} that no file owns")
        header = _unpack(_LOCAL, _take(source, at, _LOCAL.size))
        signature, _, flags, method, _, _, crc, packed, size, name_length, extra_length = header
        raw = _take(source, at + _LOCAL.size, name_length)
        extra = _take(source, at + _LOCAL.size + name_length, extra_length)
        extras = read_extras(extra, raw, shown(member.name))
        size, packed = read_sizes(extras, (size, packed), shown(member.name))
        said, known = (crc, packed, size), (member.crc, member.packed, member.size)
        later = bool(flags & _DESCRIPTOR)
        if (
            signature != b"PK\x03\x04"
            or (flags, method, raw) != (member.flags, member.method, member.name.encode())
            or any(one != other and not (later and one == 0) for one, other in zip(said, known, strict=True))
        ):
            raise Malformed(f"the zip contradicts itself about {shown(member.name)}")
        data = at + _LOCAL.size + name_length + extra_length
        at = data + member.packed
        if later:
            check_end_is_seen(member, trusted=member.name.endswith(_SEALED))
            at += _descriptor(_take(source, at, 24), member, large=ZIP64 in extras)
        complete.append(replace(member, data=data))
    if at != offset:
        raise Malformed("there are bytes in the zip before its directory that no file owns")
    return tuple(complete)


def _descriptor(data: bytes, member: Member, *, large: bool) -> int:
    """4.3.9: how long the data descriptor is, which must repeat the directory."""
    numbers = (member.crc, member.packed, member.size)
    if large or max(numbers) <= FULL32:
        for signature in (b"PK\x07\x08", b""):
            expected = signature + struct.pack("<LQQ" if large else "<LLL", *numbers)
            if data.startswith(expected):
                return len(expected)
    raise Malformed(f"the zip contradicts itself behind {shown(member.name)}")


def _text(name: bytes) -> str:
    """Return a name; one that is not UTF-8 is refused, since programs would read it differently."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("a name in the zip is not UTF-8") from error


def _take(source: BinaryIO, at: int, length: int) -> bytes:
    source.seek(max(0, at))
    return source.read(length)


def _unpack(form: struct.Struct, data: bytes) -> tuple[Any, ...]:
    if len(data) != form.size:
        raise Malformed("the zip is cut short")
    return form.unpack(data)
