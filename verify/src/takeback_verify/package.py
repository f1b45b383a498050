"""A package in its zip, read without trusting it: bounded, closed, nothing unpacked to disk.

All files lie in one folder, `takeback-dossier-<id>/`; names here are relative to it. Hashes are taken while a
file is inflated, in pieces, so a package of any size is checked in a few megabytes of memory.
"""

import hashlib
import re
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import BinaryIO

from takeback_verify.canonical import MAX_DOCUMENT, is_uuid
from takeback_verify.errors import CannotCheck, Malformed
from takeback_verify.zipped import DEFLATED, Member, read_members

FOLDER = "takeback-dossier-"
MAX_UNPACKED = 8 * 2**30
"""Most bytes of all files together."""
MAX_RATIO = 200
"""How many times larger than the zip its files may be."""

_PIECE = 2**18
_NAME = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package: which files there are, and what is in them."""

    source: BinaryIO
    id: str
    """The UUID in the folder's name."""
    members: dict[str, Member]
    """By name, relative to the folder."""
    _sorted: tuple[str, ...] = field(repr=False)
    """The names, rising."""
    _digests: dict[str, bytes] = field(default_factory=dict, repr=False)

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def names(self, under: str = "") -> list[str]:
        """The names that begin so, by rising name."""
        first = bisect_left(self._sorted, under)
        return list(takewhile(lambda name: name.startswith(under), islice(self._sorted, first, None)))

    def size(self, name: str) -> int:
        """A file's size in bytes."""
        return self.members[name].size

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file's bytes in pieces. Raises Malformed when they are not what the zip says of them."""
        member = self.members[name]
        inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == DEFLATED else None
        crc, size = 0, 0
        for piece in self._pieces(member, inflate):
            size += len(piece)
            if size > member.size:
                raise Malformed(f"{name} is larger than the zip says")
            crc = zlib.crc32(piece, crc)
            yield piece
        if size != member.size or crc != member.crc:
            raise Malformed(f"{name} is damaged: it is not what the zip says of it")

    def read(self, name: str) -> bytes:
        """A whole document. Raises Malformed: missing, damaged, or too long to be one."""
        if name not in self.members:
            raise Malformed(f"{name} is missing")
        if self.size(name) > MAX_DOCUMENT:
            raise Malformed(f"{name} is longer than {MAX_DOCUMENT} bytes")
        return b"".join(self.chunks(name))

    def digest(self, name: str) -> bytes:
        """A file's SHA-256; computed once. Raises Malformed as `chunks` does."""
        if name not in self._digests:
            sha = hashlib.sha256()
            for piece in self.chunks(name):
                sha.update(piece)
            self._digests[name] = sha.digest()
        return self._digests[name]

    def _pieces(self, member: Member, inflate: "zlib._Decompress | None") -> Iterator[bytes]:
        left, at = member.packed, member.data
        while left:
            self.source.seek(at)
            raw = self.source.read(min(left, _PIECE))
            if not raw:
                raise Malformed(f"{member.name} is cut short")
            left, at = left - len(raw), at + len(raw)
            if inflate is None:
                yield raw
                continue
            try:
                full = True
                while raw or full:  # what was inflated may be held back when a piece is full
                    piece = inflate.decompress(raw, _PIECE)
                    raw, full = inflate.unconsumed_tail, len(piece) == _PIECE
                    yield piece
            except zlib.error as error:
                raise Malformed(f"{member.name} is damaged: it cannot be inflated") from error
        if inflate is not None and (not inflate.eof or inflate.unused_data):
            raise Malformed(f"{member.name} is damaged: its packed bytes do not end where they should")


def open_package(source: BinaryIO) -> Package:
    """The package in an open, seekable file.

    Raises:
        CannotCheck: not a zip, or a zip of something else.
        Malformed: a package whose container breaks the rules of section 1 of the format.
    """
    members = read_members(source)
    if not any(member.name.startswith(FOLDER) for member in members):
        raise CannotCheck(f"the zip has no folder {FOLDER}...; it is not a package of this kind")
    # 1. Plain names, in one folder, none twice.
    folder, _, _ = members[0].name.partition("/")
    dossier = folder.removeprefix(FOLDER)
    if not folder.startswith(FOLDER) or not is_uuid(dossier):
        raise Malformed(f"{members[0].name} does not lie in the package's folder")
    files: dict[str, Member] = {}
    folded: set[str] = set()
    for member in members:
        name = member.name.removeprefix(folder + "/")
        if name == member.name:
            raise Malformed(f"{member.name} does not lie in the package's folder")
        if not _NAME.fullmatch(name) or {".", ".."} & set(name.split("/")):
            raise Malformed(f"{member.name!r} is not a name that a package may have")
        if name.lower() in folded:
            raise Malformed(f"{name} is there twice")
        folded.add(name.lower())
        files[name] = member
    # 2. Not larger than anybody would expect.
    unpacked = sum(member.size for member in members)
    packed = source.seek(0, 2)
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * packed:
        raise Malformed(f"the zip of {packed} bytes would unpack to {unpacked}")
    return Package(source, dossier, files, tuple(sorted(files)))
