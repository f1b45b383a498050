"""Zips made field by field: what other packers write, and what nobody should.

pieces = finder("takeback-dossier-...", files)      # as Finder packs a folder
pieces[0].central_extra = b"..."                    # tampered with
built(pieces)
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

STORED, DEFLATED = 0, 8
FULL32 = 0xFFFFFFFF
PLAIN = 0o100644 << 16
_TIMES = struct.pack("<L", 1772539260)


@dataclass
class Piece:
    """One file or folder of a zip, and all that its two headers say of it."""

    name: bytes
    data: bytes = b""
    method: int = STORED
    flags: int = 0
    local_extra: bytes = b""
    central_extra: bytes = b""
    made_by: int = 0x031E
    attributes: int = PLAIN
    comment: bytes = b""
    gap: bytes = b""
    """Bytes before its local header."""
    tail: bytes = b""
    """Packed bytes behind the end of the compressed ones."""
    large_descriptor: bool = False
    descriptor: bytes | None = None
    """In place of the true one."""
    said: dict[str, int] = field(default_factory=dict)
    """What the headers say in place of the truth: local_crc, central_size, central_start ..."""
    local_name: bytes | None = None

    @property
    def packed(self) -> bytes:
        """Its bytes as they lie there."""
        if self.method == STORED:
            return self.data + self.tail
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(self.data) + packer.flush() + self.tail

    def local(self) -> bytes:
        """Its local header, its bytes, and its descriptor if a flag asks for one."""
        name, packed = self.name if self.local_name is None else self.local_name, self.packed
        crc = zlib.crc32(self.data)
        streamed = bool(self.flags & 8)
        head = struct.pack(
            "<4s5H3L2H",
            b"PK\x03\x04",
            20,
            self.said.get("local_flags", self.flags),
            self.said.get("local_method", self.method),
            0x6000,
            0x5C63,
            self.said.get("local_crc", 0 if streamed else crc),
            self.said.get("local_packed", 0 if streamed else len(packed)),
            self.said.get("local_size", 0 if streamed else len(self.data)),
            len(name),
            len(self.local_extra),
        )
        form = "<4sLQQ" if self.large_descriptor else "<4s3L"
        true = struct.pack(form, b"PK\x07\x08", crc, len(packed), len(self.data)) if streamed else b""
        return (
            head + name + self.local_extra + packed + (true if self.descriptor is None else self.descriptor)
        )

    def central(self, start: int) -> bytes:
        """Its header in the directory."""
        head = struct.pack(
            "<4s6H3L5H2L",
            b"PK\x01\x02",
            self.made_by,
            20,
            self.said.get("central_flags", self.flags),
            self.said.get("central_method", self.method),
            0x6000,
            0x5C63,
            self.said.get("central_crc", zlib.crc32(self.data)),
            self.said.get("central_packed", len(self.packed)),
            self.said.get("central_size", len(self.data)),
            len(self.name),
            len(self.central_extra),
            len(self.comment),
            self.said.get("disk", 0),
            0,
            self.attributes,
            self.said.get("central_start", start),
        )
        return head + self.name + self.central_extra + self.comment


def built(
    pieces: Sequence[Piece], *, comment: bytes = b"", before: bytes = b"", between: bytes = b""
) -> bytes:
    """The zip of these.

    Args:
        pieces: in the order in which they lie there.
        comment: the zip's own.
        before: bytes before the directory.
        between: bytes between the directory and the end.
    """
    out, directory = b"", b""
    for piece in pieces:
        out += piece.gap
        directory += piece.central(len(out))
        out += piece.local()
    out += before
    count = len(pieces)
    fields = (b"PK\x05\x06", 0, 0, count, count, len(directory), len(out), len(comment))
    return out + directory + between + struct.pack("<4s4H2LH", *fields) + comment


def plain(folder: str, files: Mapping[str, bytes]) -> list[Piece]:
    """Files, stored, by rising name."""
    return [Piece(f"{folder}/{name}".encode(), files[name]) for name in sorted(files)]


def folders_of(names: Sequence[str]) -> list[str]:
    """All folders of these names, each with its slash, those above first."""
    found = {"/".join(name.split("/")[:n]) + "/" for name in names for n in range(1, name.count("/") + 1)}
    return sorted(found)


def finder(folder: str, files: Mapping[str, bytes]) -> list[Piece]:
    """As Finder packs a folder: as a stream, with its own files beside (from memory of such zips)."""
    local, central = b"UX\x0c\0" + _TIMES * 2 + b"\xf5\x01\x14\0", b"UX\x08\0" + _TIMES * 2
    whole = {f"{folder}/{name}": data for name, data in files.items()}
    whole[f"{folder}/.DS_Store"] = b"\0\0\0\x01Bud1" + bytes(500)
    whole |= {
        f"__MACOSX/{folder}/._{name}": b"\0\x05\x16\x07" + bytes(100) for name in ("VERIFY.html", "data")
    }
    pieces = []
    for name in sorted([*whole, *folders_of(list(whole))]):
        piece = Piece(name.encode(), local_extra=local, central_extra=central, made_by=0x0315)
        if name in whole:
            piece.data, piece.method, piece.flags = whole[name], DEFLATED, 8
            piece.attributes = 0o100644 << 16 | 0x4000
        else:
            piece.attributes = 0o040755 << 16 | 0x4000
        pieces.append(piece)
    return pieces


def explorer(folder: str, files: Mapping[str, bytes]) -> list[Piece]:
    """As Explorer packs a folder: an MS-DOS zip with archive bits, and what Windows leaves in folders."""
    whole = {f"{folder}/{name}": data for name, data in files.items()} | {
        f"{folder}/data/Thumbs.db": bytes(99)
    }
    return [
        Piece(name.encode(), data, DEFLATED, made_by=0x0014, attributes=0x20) for name, data in whole.items()
    ]


def seven_zip(folder: str, files: Mapping[str, bytes]) -> list[Piece]:
    """As 7-Zip does on Windows: folders too, and NTFS times in the directory."""
    times = struct.pack("<HHLHH3Q", 10, 32, 0, 1, 24, *[133_700_000_000_000_000] * 3)
    whole = {f"{folder}/{name}": data for name, data in files.items()}
    pieces = [
        Piece(name.encode(), central_extra=times, made_by=0x003F, attributes=0x10)
        for name in folders_of(list(whole))
    ]
    return pieces + [
        Piece(name.encode(), data, DEFLATED, central_extra=times, made_by=0x003F, attributes=0x20)
        for name, data in whole.items()
    ]


def java(folder: str, files: Mapping[str, bytes]) -> list[Piece]:
    """As programs in Java do: as a stream, names marked as UTF-8, and the nothing in folders deflated."""
    whole = {f"{folder}/{name}": data for name, data in files.items()}
    names = [*folders_of(list(whole)), *whole]
    return [
        Piece(name.encode(), whole.get(name, b""), DEFLATED, 0x808, made_by=0x0014, attributes=0)
        for name in names
    ]


PACKERS = {"Finder": finder, "Explorer": explorer, "7-Zip": seven_zip, "Java": java, "plain": plain}


def unicode_path(name: bytes, said: bytes) -> bytes:
    """The extra field that gives the file of a name another one (APPNOTE 4.6.9)."""
    return struct.pack("<HHBL", 0x7075, 5 + len(said), 1, zlib.crc32(name)) + said


def zip64(*numbers: int) -> bytes:
    """The extra field of large files (APPNOTE 4.5.3)."""
    return struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def extra(kind: int, data: bytes) -> bytes:
    """An extra field of any kind."""
    return struct.pack("<HH", kind, len(data)) + data
