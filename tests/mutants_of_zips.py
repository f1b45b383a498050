"""Tampering with the zip itself; and changes that do no harm."""

import io
import struct
import zipfile
from collections.abc import Callable

from packages import rebagged, uuid, zipped
from tampering import (
    Lab,
    anchor_sizes,
    benign,
    container,
)

# --- the zip -----------------------------------------------------------------------------------------------


def _with_entry(
    lab: Lab, name: str, data: bytes = b"x", mode: int = 0o100644, *, inside: bool = True
) -> bytes:
    out = io.BytesIO(lab.made.zip)
    with zipfile.ZipFile(out, "a") as archive:
        folder = f"takeback-dossier-{lab.made.id}/" if inside else ""
        info = zipfile.ZipInfo(folder + name, (2026, 3, 3, 13, 0, 0))
        info.external_attr = mode << 16
        archive.writestr(info, data, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _patched(lab: Lab, change: Callable[[bytearray, int, int], None], name: str = "VERIFY.txt") -> bytes:
    """Change the zip at the central and the local header of a file."""
    data = bytearray(zipped(lab.made.id, lab.made.files, compression=zipfile.ZIP_STORED))
    full = f"takeback-dossier-{lab.made.id}/{name}".encode()
    local = data.index(full) - 30
    central = data.rindex(full) - 46
    change(data, central, local)
    return bytes(data)


@container
def a_name_climbs_out(lab: Lab) -> bytes:
    return _with_entry(lab, "../../evil.txt")


@container
def a_name_climbs_out_at_once(lab: Lab) -> bytes:
    return _with_entry(lab, "../evil.txt", inside=False)


@container
def a_name_is_absolute(lab: Lab) -> bytes:
    return _with_entry(lab, "/etc/evil", inside=False)


@container
def a_name_has_a_backslash(lab: Lab) -> bytes:
    name = f"takeback-dossier-{lab.made.id}/data?evil"
    return _with_entry(lab, name, inside=False).replace(b"data?evil", b"data\\evil")


@container
def a_name_has_a_dot_for_a_folder(lab: Lab) -> bytes:
    return _with_entry(lab, "data/./METHOD.md")


@container
def a_file_is_a_symbolic_link(lab: Lab) -> bytes:
    return _with_entry(lab, "data/link", b"/etc/passwd", 0o120777)


@container
def a_name_is_there_twice(lab: Lab) -> bytes:
    return _with_entry(lab, "data/METHOD.mD").replace(b"METHOD.mD", b"METHOD.md")


@container
def a_name_is_there_twice_but_for_case(lab: Lab) -> bytes:
    return _with_entry(lab, "data/method.md")


@container
def the_folder_has_another_id(lab: Lab) -> bytes:
    return zipped(uuid(44), lab.made.files)


@container
def a_bomb_by_ratio(lab: Lab) -> bytes:
    return _with_entry(lab, "data/bomb", bytes(120_000_000))


@container
def a_bomb_that_lies_about_its_size(lab: Lab) -> bytes:
    data = bytearray(_with_entry(lab, "data/open.bin", bytes(1_000_000)))
    at, size = 0, struct.pack("<L", 1_000_000)
    for _ in range(2):
        at = data.index(size, at)
        data[at : at + 4] = struct.pack("<L", 10)
    return bytes(data)


@container
def bytes_behind_the_end(lab: Lab) -> bytes:
    return lab.made.zip + b"hidden"


@container
def bytes_before_the_start(lab: Lab) -> bytes:
    return b"hidden" + lab.made.zip


@container
def bytes_before_the_start_with_places_mended(lab: Lab) -> bytes:
    out = io.BytesIO(b"#!/bin/sh\n")
    out.seek(0, 2)
    with zipfile.ZipFile(out, "a") as archive:
        for name, data in sorted(lab.made.files.items()):
            info = zipfile.ZipInfo(f"takeback-dossier-{lab.made.id}/{name}", (2026, 3, 3, 13, 0, 0))
            archive.writestr(info, data)
    return out.getvalue()


@container
def a_file_that_the_directory_does_not_know(lab: Lab) -> bytes:
    """Taken out of the directory only: its bytes stay."""
    data = bytearray(_with_entry(lab, "data/hidden.txt"))
    at = data.rindex(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    _, disk, first, here, count, length, offset, comment = struct.unpack("<4s4H2LH", data[end:])
    removed = end - at
    fields = (b"PK\x05\x06", disk, first, here - 1, count - 1, length - removed, offset, comment)
    return bytes(data[:at]) + struct.pack("<4s4H2LH", *fields)


@container
def a_comment(lab: Lab) -> bytes:
    out = io.BytesIO(lab.made.zip)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"hidden"
    return out.getvalue()


@container
def headers_disagree_about_a_name(lab: Lab) -> bytes:
    def change(data: bytearray, _: int, local: int) -> None:
        data[local + 30 + 53] ^= 0x20

    return _patched(lab, change)


@container
def headers_disagree_about_a_size(lab: Lab) -> bytes:
    def change(data: bytearray, _: int, local: int) -> None:
        data[local + 22] ^= 1

    return _patched(lab, change)


@container
def a_checksum_is_wrong(lab: Lab) -> bytes:
    def change(data: bytearray, central: int, local: int) -> None:
        data[central + 16] ^= 1
        data[local + 14] ^= 1

    return _patched(lab, change)


@container
def a_file_is_said_to_be_encrypted(lab: Lab) -> bytes:
    def change(data: bytearray, central: int, local: int) -> None:
        data[central + 8] |= 1
        data[local + 6] |= 1

    return _patched(lab, change)


@container
def a_file_is_packed_by_another_method(lab: Lab) -> bytes:
    return zipped(lab.made.id, lab.made.files, compression=zipfile.ZIP_BZIP2)


@container
def a_file_is_stored_and_said_to_be_packed(lab: Lab) -> bytes:
    def change(data: bytearray, central: int, local: int) -> None:
        data[central + 10] = 8
        data[local + 8] = 8

    return _patched(lab, change)


@container
def two_files_share_their_bytes(lab: Lab) -> bytes:
    def change(data: bytearray, central: int, _: int) -> None:
        data[central + 42 : central + 46] = struct.pack("<L", 0)

    return _patched(lab, change)


@container
def the_directory_counts_fewer_files(lab: Lab) -> bytes:
    data = bytearray(lab.made.zip)
    end = data.rindex(b"PK\x05\x06")
    count = struct.unpack_from("<H", data, end + 8)[0]
    struct.pack_into("<HH", data, end + 8, count - 1, count - 1)
    return bytes(data)


@container
def the_zip_is_one_of_several(lab: Lab) -> bytes:
    data = bytearray(lab.made.zip)
    data[data.rindex(b"PK\x05\x06") + 4] = 1
    return bytes(data)


@container
def the_zip_is_cut_short(lab: Lab) -> bytes:
    return lab.made.zip[:-500]


@container
def no_package_at_all(_: Lab) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("hello.txt", "hello")
    return out.getvalue()


# --- no harm -----------------------------------------------------------------------------------------------


@benign
def nothing_is_changed(lab: Lab) -> bytes:
    return lab.made.zip


@benign
def the_own_entry_is_stamped_again(lab: Lab) -> bytes:
    """What proves the package comes after its commitment: whoever proves the same once more does no harm."""
    files = lab.copy()
    lab.made.world.anchor(anchor_sizes(files)[-1], files)
    rebagged(files)
    return zipped(lab.made.id, files)


@benign
def a_folder_is_an_entry(lab: Lab) -> bytes:
    return _with_entry(lab, "data/folder/", b"", 0o040755)


@benign
def a_second_folder(lab: Lab) -> bytes:
    return _with_entry(lab, "elsewhere/file.txt", inside=False)


@benign
def the_folder_has_no_id(lab: Lab) -> bytes:
    return zipped("", lab.made.files, folder="takeback-dossier-x")


@benign
def nothing_is_compressed(lab: Lab) -> bytes:
    return zipped(lab.made.id, lab.made.files, compression=zipfile.ZIP_STORED)


@benign
def all_is_compressed_more(lab: Lab) -> bytes:
    return zipped(lab.made.id, lab.made.files, compression=zipfile.ZIP_DEFLATED, level=9)


@benign
def the_zip_has_other_times(lab: Lab) -> bytes:
    return zipped(lab.made.id, lab.made.files, compression=zipfile.ZIP_DEFLATED, at=(2001, 1, 1, 1, 1, 2))


class _Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise io.UnsupportedOperation

    def seek(self, *_: object) -> int:
        raise io.UnsupportedOperation


@benign
def the_zip_was_written_as_a_stream(lab: Lab) -> bytes:
    out = _Unseekable()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in lab.made.files.items():
            with archive.open(
                f"takeback-dossier-{lab.made.id}/{name}", "w", force_zip64=len(name) > 40
            ) as file:
                file.write(data)
    return out.getvalue()
