"""E1: the zip that belongs to files, also where it is large; other people's programs read it."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages import uuid, zipped
from readers import tables_by_page_code
from takeback_verify.core import zip_form
from takeback_verify.core.package import Wrapping, check_contents, open_package
from takeback_verify.core.zip_form import Entry, has_zip_form, write_zip_form
from takeback_verify.core.zipped import read_members

FOLDER = f"takeback-dossier-{uuid(1)}"
LARGE = 5 * 2**30
names = st.from_regex(r"[a-z0-9_-]{1,9}(/[a-z0-9_-]{1,9}){0,2}\.[a-z]{1,3}", fullmatch=True)


@given(st.dictionaries(names, st.binary(max_size=99), max_size=5))
def test_what_is_written_is_read_and_is_the_original(files: dict[str, bytes]) -> None:
    files = {**files, "data/dossier.json": b"{}"}
    package = open_package(io.BytesIO(zipped(uuid(1), files)))
    check_contents(package)

    assert package.wrapping is Wrapping.ORIGINAL
    assert {name: package.read(name) for name in package.names()} == files


@pytest.mark.soak
def test_as_many_files_as_need_zip64() -> None:
    """65,535 is the first number that the small field cannot say."""
    count = 65_535
    files = [(f"{FOLDER}/{n:05}", b"") for n in range(count - 1)] + [(f"{FOLDER}/data/dossier.json", b"{}")]
    out = io.BytesIO()
    write_zip_form(files, out)
    package = open_package(out)

    assert (len(package.files), package.wrapping) == (count, Wrapping.ORIGINAL)
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == [name for name, _ in files]
    entries = [Entry(m.name, m.size, m.crc, m.start) for m in read_members(out)]
    at = out.getvalue().index(b"PK\x01\x02")
    assert tables_by_page_code(entries, at)[-1] == out.getvalue()[at:]


def test_files_and_places_beyond_32_bits(tmp_path: Path) -> None:
    """Of holes: nothing is written but tables, and no contents are read."""
    large = Entry(f"{FOLDER}/a", LARGE, 1, 0)
    head = zip_form._local_header(large)
    behind = Entry(f"{FOLDER}/b", 1, 2, len(head) + LARGE)
    second = zip_form._local_header(behind)
    file = tmp_path / "large.zip"
    with file.open("w+b") as out:
        out.write(head)
        out.seek(LARGE, 1)
        out.write(second + b"x")
        out.write(zip_form._directory([large, behind], out.tell()))
        members = read_members(out)

        assert [(m.name, m.size, m.start) for m in members] == [
            (large.name, LARGE, 0),
            (behind.name, 1, behind.start),
        ]
        assert has_zip_form(out, [large, behind])
        at = behind.start + len(second) + 1
        out.seek(at)
        assert tables_by_page_code([large, behind], at) == [head, second, out.read()]
    with zipfile.ZipFile(file) as archive:
        assert [(i.file_size, i.header_offset) for i in archive.infolist()] == [
            (LARGE, 0),
            (1, behind.start),
        ]
