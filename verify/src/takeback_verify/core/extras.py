"""Extra fields of a zip: which of them a packer may have written, since no reader takes bytes from them.

An extra field can give a file another name (0x7075), another size (0x0001) or make it a link (0x756e), and
some readers follow it. Here each has one of the forms below, and says nothing that the header does not say.
Numbers of sections are those of PKWARE's APPNOTE 6.3; kinds that it lacks are those of Info-ZIP.
"""

import re
import struct
import zlib

from takeback_verify.core.errors import Malformed

ZIP64 = 0x0001
UNICODE_PATH = 0x7075
FULL32 = 0xFFFFFFFF
"""Value of a 32-bit field for a number that does not fit."""

_FORMS = {
    0x000A: re.compile(rb"\0\0\0\0\x01\0\x18\0.{24}", re.DOTALL),  # NTFS: three times
    0x5455: re.compile(rb"[\0-\x07](?:.{4}){0,3}", re.DOTALL),  # Unix: up to three times
    0x5855: re.compile(rb".{8}(?:.{4})?", re.DOTALL),  # older: two times; user and group
    0x7855: re.compile(rb"(?:.{4})?", re.DOTALL),  # older: user and group
    0x7875: re.compile(rb"\x01(?:\x04.{4}|\x08.{8})(?:\x04.{4}|\x08.{8})", re.DOTALL),  # user and group
}


def read_extras(extra: bytes, name: bytes, what: str) -> dict[int, bytes]:
    """Return the extra fields of one header, by kind.

    Args:
        extra: the bytes of the header's extra fields.
        name: as the header spells it.
        what: names the file in messages.

    Raises:
        Malformed: a kind or a form that two readers could understand differently.
    """
    fields, at = dict[int, bytes](), 0
    while at < len(extra):
        kind, length = struct.unpack_from("<HH", extra.ljust(at + 4, b"\xff"), at)
        data = extra[at + 4 : at + 4 + length]
        if len(data) != length or kind in fields or not _is_harmless(kind, data, name):
            raise Malformed(
                f"the zip says more of {what} than its name and its bytes (extra field {kind:#06x})"
            )
        fields[kind], at = data, at + 4 + length
    return fields


def read_sizes(fields: dict[int, bytes], small: tuple[int, ...], what: str) -> tuple[int, ...]:
    """Return the sizes and places of a header, those too that its 32-bit fields have no room for (4.5.3).

    Args:
        fields: its extra fields.
        small: its 32-bit fields: size, packed size, and in the directory the place.
        what: names the file in messages.

    Raises:
        Malformed: the zip64 field is missing, has numbers that are not asked for, or contradicts.
    """
    wanted = [n for n, value in enumerate(small) if value == FULL32]
    data = fields.get(ZIP64)
    if data is None and not wanted:
        return small
    if data is None or len(data) != 8 * (len(wanted) or 2):
        raise Malformed(f"the zip contradicts itself about the size of {what}")
    large = struct.unpack(f"<{len(data) // 8}Q", data)
    found = list(small)
    for n, value in zip(wanted or (0, 1), large, strict=True):
        found[n] = value
    if not wanted and tuple(found) != small:
        raise Malformed(f"the zip contradicts itself about the size of {what}")
    return tuple(found)


def _is_harmless(kind: int, data: bytes, name: bytes) -> bool:
    if kind == UNICODE_PATH:
        return data == b"\x01" + struct.pack("<L", zlib.crc32(name)) + name
    form = _FORMS.get(kind)
    return kind == ZIP64 or (form is not None and form.fullmatch(data) is not None)
