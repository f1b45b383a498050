"""Files of a folder, which can change while they are read."""

from pathlib import Path

import pytest

from takeback_verify.core import folder
from takeback_verify.core.errors import CannotCheck, Malformed
from takeback_verify.core.package import open_package


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dossier.json").write_bytes(b"{}")
    (tmp_path / "VERIFY.txt").write_bytes(b"text")
    return tmp_path


def test_a_file_that_grows_is_noticed(package: Path) -> None:
    opened = open_package(package)
    (package / "VERIFY.txt").write_bytes(b"longer text")

    with pytest.raises(Malformed, match="changed while"):
        opened.read("VERIFY.txt")


def test_a_file_that_changes_between_two_looks_is_noticed(package: Path) -> None:
    opened = open_package(package)
    opened.digest("VERIFY.txt")
    (package / "VERIFY.txt").write_bytes(b"evil")

    with pytest.raises(Malformed, match="changed while"):
        opened.read("VERIFY.txt")


def test_a_file_that_goes_or_becomes_a_link_cannot_be_read(package: Path) -> None:
    opened = open_package(package)
    (package / "VERIFY.txt").unlink()
    with pytest.raises(CannotCheck, match="cannot be read"):
        opened.read("VERIFY.txt")
    (package / "VERIFY.txt").symlink_to("data/dossier.json")
    with pytest.raises(CannotCheck, match="cannot be read"):
        opened.read("VERIFY.txt")


def test_a_folder_of_too_many_files_is_refused(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_FILES", 2)
    with pytest.raises(Malformed, match="more than 2"):
        open_package(package)


def test_a_folder_that_is_none_cannot_be_read(package: Path) -> None:
    with pytest.raises(CannotCheck, match="the folder cannot be read"):
        open_package(package / "VERIFY.txt")
