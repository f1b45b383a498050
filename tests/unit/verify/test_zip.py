"""The zip's own tables: large files, streams, and lies that the tampering matrix does not tell."""

import io
import struct
import zipfile
import zlib

import pytest

from packages import uuid, zipped
from takeback_verify.core import package
from takeback_verify.core import zipped as tables
from takeback_verify.core.errors import CannotCheck, Malformed
from takeback_verify.core.package import open_package
from takeback_verify.core.zipped import read_members

FILES = {"bagit.txt": b"text", "data/a.bin": bytes(range(256)) * 40}


def opened(data: bytes) -> package.Package:
    return open_package(io.BytesIO(data))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A zip with all that large ones have (zip64), though it is small."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 50)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    return zipped(uuid(1), FILES, compression=zipfile.ZIP_DEFLATED)


def test_files_come_out_as_they_went_in() -> None:
    found = opened(zipped(uuid(1), FILES))

    assert found.id == uuid(1)
    assert {name: found.read(name) for name in found.names()} == FILES


def test_large_zips_are_read(large: bytes) -> None:
    assert b"PK\x06\x06" in large
    assert {name: opened(large).read(name) for name in FILES} == FILES


@pytest.mark.parametrize(
    ("sign", "at", "value"),
    [
        (b"PK\x06\x07", 0, b"XXXX"), (b"PK\x06\x07", 4, b"\x01"), (b"PK\x06\x07", 8, b"\x01"),
        (b"PK\x06\x07", 16, b"\x09"), (b"PK\x06\x06", 0, b"XXXX"), (b"PK\x06\x06", 4, b"\x2d"),
        (b"PK\x06\x06", 16, b"\x01"), (b"PK\x06\x06", 24, b"\x09"), (b"PK\x06\x06", 32, b"\x09"),
    ],
)  # fmt: skip
def test_lies_about_large_zips_are_refused(large: bytes, sign: bytes, at: int, value: bytes) -> None:
    data = bytearray(large)
    where = data.rindex(sign) + at
    data[where : where + len(value)] = value

    with pytest.raises(Malformed):
        opened(bytes(data))


def test_a_large_size_that_is_missing_is_refused(large: bytes) -> None:
    data = bytearray(large)
    central = data.rindex(b"PK\x01\x02")
    name_length, extra_length = struct.unpack_from("<HH", data, central + 28)
    assert extra_length
    struct.pack_into("<H", data, central + 46 + name_length, 0x7777)  # another kind of extra field

    with pytest.raises(Malformed, match=r"size of|says more"):
        opened(bytes(data))


def test_a_descriptor_repeats_the_directory() -> None:
    out = io.BytesIO()

    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def write(self, data: bytes, /) -> int:  # type: ignore[override] -- as zipfile calls it
            return out.write(data)

        def tell(self) -> int:
            raise io.UnsupportedOperation

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    with zipfile.ZipFile(Stream(), "w") as archive:
        archive.writestr(f"takeback-dossier-{uuid(1)}/a.age", b"hello")
    assert opened(out.getvalue()).read("a.age") == b"hello"
    data = bytearray(out.getvalue())
    data[data.index(b"PK\x07\x08") + 5] ^= 1
    with pytest.raises(Malformed, match="contradicts itself behind"):
        opened(bytes(data))


def test_descriptors_have_four_forms() -> None:
    member = tables.Member("a", 5, 5, 0, 7, 8, 0)
    for form, large in (("<LLL", False), ("<LQQ", True)):
        for sign in (b"", b"PK\x07\x08"):
            data = sign + struct.pack(form, 7, 5, 5)
            assert tables._descriptor(data, member, large=large) == len(data)
            with pytest.raises(Malformed):
                tables._descriptor(data, member, large=not large)
    huge = tables.Member("a", 2**33, 2**33, 0, 7, 8, 0)
    for large in (False, True):
        with pytest.raises(Malformed):
            tables._descriptor(b"nothing at all", huge, large=large)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06", b"no zip at all" * 20])
def test_what_is_no_zip_cannot_be_checked(data: bytes) -> None:
    with pytest.raises(CannotCheck):
        read_members(io.BytesIO(data))


def test_an_empty_zip_is_no_package() -> None:
    with pytest.raises(CannotCheck):
        opened(b"PK\x05\x06" + bytes(18))


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_FILES", 1)
    with pytest.raises(Malformed, match="2 files"):
        opened(zipped(uuid(1), FILES))


def test_a_directory_that_is_not_one_is_refused() -> None:
    data = bytearray(zipped(uuid(1), FILES))
    data[data.rindex(b"PK\x01\x02")] = 0
    with pytest.raises(Malformed, match="damaged"):
        opened(bytes(data))
    data = bytearray(zipped(uuid(1), FILES))
    end = data.rindex(b"PK\x05\x06")
    struct.pack_into("<L", data, end + 16, struct.unpack_from("<L", data, end + 16)[0] - 1)
    with pytest.raises(Malformed, match="does not lie"):
        opened(bytes(data))
    data = bytearray(zipped(uuid(1), FILES))
    end = data.rindex(b"PK\x05\x06")
    struct.pack_into("<HH", data, end + 8, 3, 3)
    with pytest.raises(Malformed, match="cut short"):
        opened(bytes(data))


def test_a_name_that_is_not_ascii_is_no_file_of_a_package() -> None:
    with pytest.raises(Malformed, match="not a name that a package may have"):
        opened(zipped(uuid(1), {"é": b""}))


def test_packed_bytes_end_where_they_should() -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(b"hello") + packer.flush()
    for stored in (packed + b"more", packed[:-1]):
        data = bytearray(zipped(uuid(1), {"a": stored}, compression=zipfile.ZIP_STORED))
        local, central = data.index(b"PK\x03\x04"), data.rindex(b"PK\x01\x02")
        for method, crc, size in (
            (local + 8, local + 14, local + 22),
            (central + 10, central + 16, central + 24),
        ):
            struct.pack_into("<H", data, method, 8)
            struct.pack_into("<L", data, crc, zlib.crc32(b"hello"))
            struct.pack_into("<L", data, size, 5)
        with pytest.raises(Malformed, match="damaged"):
            opened(bytes(data)).read("a")


def test_much_that_is_packed_small_comes_out_whole() -> None:
    content = bytes(150_000) + b"end"
    data = zipped(uuid(1), {"a": content, "b": bytes(range(256)) * 10}, level=9)
    assert opened(data).read("a") == content


def test_documents_are_bounded_and_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    found = opened(zipped(uuid(1), FILES))
    with pytest.raises(Malformed, match="is missing"):
        found.read("data/none")
    monkeypatch.setattr(package, "MAX_DOCUMENT", 3)
    with pytest.raises(Malformed, match="longer than 3"):
        found.read("bagit.txt")


def test_a_signature_of_an_end_in_a_file_is_no_end() -> None:
    files = {**FILES, "a.bin": b"PK\x05\x06" * 30}
    assert opened(zipped(uuid(1), files, compression=zipfile.ZIP_STORED)).read("a.bin") == files["a.bin"]


def test_a_file_that_shrinks_while_it_is_read_is_noticed() -> None:
    source = io.BytesIO(zipped(uuid(1), FILES, compression=zipfile.ZIP_STORED))
    found = open_package(source)
    source.truncate(10)
    with pytest.raises(Malformed, match="cut short"):
        found.read("data/a.bin")
