"""One file's bytes, wherever it lies: in a zip or on a disc. They are read in pieces, never as a whole."""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from takeback_verify.core.errors import CannotCheck, Malformed
from takeback_verify.core.zipped import DEFLATED, Member

_PIECE = 2**18


class Content(Protocol):
    """A file that can be read again and again."""

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes in pieces. Raises Malformed: they are not what is said of them."""
        ...


@dataclass(frozen=True, slots=True)
class ZippedFile:
    """A file in a zip."""

    source: BinaryIO
    member: Member
    name: str
    """As messages spell it."""

    @property
    def size(self) -> int:
        """In bytes, unpacked."""
        return self.member.size

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes in pieces. Raises Malformed when they are not what the zip says of them."""
        member = self.member
        inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == DEFLATED else None
        crc, size = 0, 0
        for piece in self._pieces(inflate):
            size += len(piece)
            if size > member.size:
                raise Malformed(f"{self.name} is larger than the zip says")
            crc = zlib.crc32(piece, crc)
            yield piece
        if size != member.size or crc != member.crc:
            raise Malformed(f"{self.name} is damaged: it is not what the zip says of it")

    def _pieces(self, inflate: "zlib._Decompress | None") -> Iterator[bytes]:
        left, at = self.member.packed, self.member.data
        while left:
            self.source.seek(at)
            raw = self.source.read(min(left, _PIECE))
            if not raw:
                raise Malformed(f"{self.name} is cut short")
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
                raise Malformed(f"{self.name} is damaged: it cannot be inflated") from error
        if inflate is not None and (not inflate.eof or inflate.unused_data):
            raise Malformed(f"{self.name} is damaged: its packed bytes do not end where they should")


@dataclass(frozen=True, slots=True)
class DiscFile:
    """A file in a folder, as it was when the folder was looked through."""

    path: Path
    size: int
    """In bytes."""
    name: str
    """As messages spell it."""

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes in pieces.

        Raises:
            Malformed: it has become longer, shorter or a link meanwhile.
            CannotCheck: it cannot be read.
        """
        size = 0
        try:
            opened = os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(opened, "rb") as file:
                while piece := file.read(_PIECE):
                    size += len(piece)
                    yield piece
        except OSError as error:
            raise CannotCheck(f"{self.name} cannot be read: {error.strerror}") from error
        if size != self.size:
            raise Malformed(f"{self.name} was changed while it was read")
