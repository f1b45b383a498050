"""E1: a package that real programs packed again, or that is a folder now, is judged by its files."""

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

import others
from mutants import Lab
from readers import by_page_code
from takeback_verify import command
from takeback_verify.command import check_bytes
from takeback_verify.core.canonical import read
from takeback_verify.narration.report import Report
from verifying import opened

Wrap = Callable[[Path], Path]
"""From the folder in which the package's folder lies to what was made of it."""


@pytest.fixture
def unpacked(lab: Lab, tmp_path: Path) -> Path:
    """A folder with the unpacked package in it, and what a system left there."""
    folder = tmp_path / "case"
    for name, data in lab.made.files.items():
        file = folder / f"takeback-dossier-{lab.made.id}" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


@pytest.fixture
def inside(unpacked: Path) -> Path:
    """The package's own folder."""
    [folder] = unpacked.iterdir()
    return folder


def said_of(lab: Lab, path: Path) -> Report:
    with path.open("rb") as source:
        return check_bytes(source, lab.made.trust)


def run(arguments: list[str | Path], folder: Path) -> bytes:
    return subprocess.run(arguments, cwd=folder, check=True, capture_output=True, timeout=120).stdout


def zip_r(folder: Path) -> Path:
    run([others.program("zip"), "-qr", "../it.zip", "."], folder)
    return folder.parent / "it.zip"


def zip_to_a_pipe(folder: Path) -> Path:
    (folder.parent / "it.zip").write_bytes(run([others.program("zip"), "-qr", "-", "."], folder))
    return folder.parent / "it.zip"


def bsdtar(folder: Path) -> Path:
    run(
        [
            others.program("bsdtar"),
            "--format",
            "zip",
            "-cf",
            "../it.zip",
            *(path.name for path in folder.iterdir()),
        ],
        folder,
    )
    return folder.parent / "it.zip"


def seven_zip(folder: Path) -> Path:
    run([others.program("7zz"), "a", "-bd", "-tzip", "../it.zip", "."], folder)
    return folder.parent / "it.zip"


def make_archive(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder.parent / "it"), "zip", folder))


def pythons_zipfile(folder: Path) -> Path:
    run(
        [sys.executable, "-m", "zipfile", "-c", "../it.zip", *(path.name for path in folder.iterdir())],
        folder,
    )
    return folder.parent / "it.zip"


def _asks(name: str, wrap: Wrap) -> object:
    return pytest.param(wrap, marks=pytest.mark.agrees(name), id=wrap.__name__)


PROGRAMS = [
    _asks("zip", zip_r),
    _asks("zip", zip_to_a_pipe),
    _asks("bsdtar", bsdtar),
    _asks("7zz", seven_zip),
    pytest.param(make_archive, id="make_archive"),
    pytest.param(pythons_zipfile, id="zipfile"),
]


@pytest.mark.parametrize("wrap", PROGRAMS)
def test_packed_again_it_is_valid_and_says_so(lab: Lab, unpacked: Path, inside: Path, wrap: Wrap) -> None:
    (inside / "data" / ".DS_Store").write_bytes(b"Bud1")
    (unpacked / "letter.pdf").write_bytes(b"%PDF")
    (inside / "VERIFY.txt").chmod(0o600)
    path = wrap(unpacked)
    report = said_of(lab, path)

    assert (report.verdict, report.wrapping) == (0, "zip"), report.steps[0]
    assert (
        report.steps[0].said[0].startswith("The zip is not the original wrapping, so nothing is said of it;")
    )
    assert report.foreign == ("letter.pdf", f"{inside.name}/data/.DS_Store")
    [page] = by_page_code([path.read_bytes()], lab.made.trust)
    assert (page["verdict"], page["wrapping"], page["foreign"]) == ("VALID", "zip", list(report.foreign))
    assert page["steps"][0]["said"] == list(report.steps[0].said)


@pytest.mark.parametrize("wrap", PROGRAMS)
def test_packed_again_with_another_byte_it_is_not(lab: Lab, unpacked: Path, inside: Path, wrap: Wrap) -> None:
    (inside / "data" / "METHOD.md").write_bytes(b"edited")

    assert said_of(lab, wrap(unpacked)).verdict == 1


@pytest.mark.agrees("zip")
def test_a_link_in_the_zip_is_refused(lab: Lab, unpacked: Path, inside: Path) -> None:
    (unpacked / "link").symlink_to(inside / "VERIFY.txt")
    run([others.program("zip"), "-qry", "../it.zip", "."], unpacked)

    assert "link or a device" in said_of(lab, unpacked.parent / "it.zip").steps[0].said[0]


def test_the_original_says_nothing_of_another_wrapping(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "it.zip").write_bytes(lab.made.zip)
    report = said_of(lab, tmp_path / "it.zip")

    assert (report.verdict, report.wrapping, report.foreign) == (0, "original", ())


def test_a_folder_is_valid_and_says_so(
    lab: Lab, unpacked: Path, inside: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (unpacked.parent / "trust.json").write_bytes(lab.made.trust)
    (inside / "data" / "._METHOD.md").write_bytes(b"Mac OS X")
    (unpacked / "letter.pdf").write_bytes(b"%PDF")
    trust = ["--trust", str(unpacked.parent / "trust.json"), "--json"]
    renamed = unpacked / "My evidence (copy)"

    for folder, foreign in (
        (inside, ["data/._METHOD.md"]),
        (unpacked, ["letter.pdf", f"{inside.name}/data/._METHOD.md"]),
        (renamed, ["data/._METHOD.md"]),
    ):
        if folder == renamed:
            inside.rename(renamed)
        assert command.main([str(folder), *trust]) == 0
        report = read(capfdbinary.readouterr().out.removesuffix(b"\n"), "the report")
        assert isinstance(report, dict)
        assert (report["wrapping"], report["foreign"]) == ("folder", foreign)
        [page] = by_page_code([folder], lab.made.trust)
        assert (page["verdict"], page["foreign"]) == ("VALID", foreign)


def _link(inside: Path) -> None:
    (inside / "data" / "more.md").symlink_to("METHOD.md")


def _link_for_a_file(inside: Path) -> None:
    (inside.parent / "METHOD.md").write_bytes((inside / "data" / "METHOD.md").read_bytes())
    (inside / "data" / "METHOD.md").unlink()
    (inside / "data" / "METHOD.md").symlink_to("../../METHOD.md")


def _pipe(inside: Path) -> None:
    os.mkfifo(inside / "data" / "pipe")


def _other_case(inside: Path) -> None:
    (inside / "data" / "method.md").write_bytes(b"evil")


def _other_case_of_a_folder(inside: Path) -> None:
    (inside / "DATA").mkdir()
    (inside / "DATA" / "x.md").write_bytes(b"evil")


def _not_utf_8(inside: Path) -> None:
    with open(os.fsencode(inside) + b"/\xe9.txt", "wb") as file:  # noqa: PTH123 -- a name that is no text
        file.write(b"evil")


def _more(inside: Path) -> None:
    (inside / "data" / "exhibits" / "more.txt").write_bytes(b"evil")


def _other_id(inside: Path) -> None:
    inside.rename(inside.with_name("takeback-dossier-00000000-0000-4000-8000-000000000000"))


def _two(inside: Path) -> None:
    shutil.copytree(inside, inside.with_name("other"))


@pytest.mark.parametrize(
    "change",
    [
        _link,
        _link_for_a_file,
        _pipe,
        _other_case,
        _other_case_of_a_folder,
        _not_utf_8,
        _more,
        _other_id,
        _two,
    ],
)
def test_a_folder_that_systems_read_in_different_ways_is_refused(
    lab: Lab, unpacked: Path, inside: Path, change: Callable[[Path], object]
) -> None:
    change(inside)

    assert check_bytes(unpacked, lab.made.trust).verdict == 1


def test_a_folder_of_something_else_cannot_be_checked(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_bytes(b"hello")

    assert check_bytes(tmp_path, lab.made.trust).verdict == 2
    assert check_bytes(tmp_path / "none", lab.made.trust).verdict == 2


def test_the_page_takes_a_folder(page: Page, page_file: Path, lab: Lab, inside: Path) -> None:
    (inside / "data" / ".DS_Store").write_bytes(b"Bud1")
    (inside.parent.parent / "trust.json").write_bytes(lab.made.trust)
    opened(page, page_file).set_input_files("#trust", inside.parent.parent / "trust.json")
    page.set_input_files("#folder", inside)

    page.wait_for_selector("#result[data-verdict=VALID]:not([hidden])")
    assert "A folder is not the original wrapping" in page.inner_text("#result")
    assert "data/.DS_Store" in page.inner_text("#result")


DROP = """([name, files]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const entry = (path, inner) => typeof inner === "string"
    ? { isDirectory: false, fullPath: path, file: (done) => done(new File([bytes(inner)], path)) }
    : { isDirectory: true, fullPath: path, name: path.split("/").at(-1), createReader: () => {
        const rest = Object.entries(inner).map(([one, more]) => entry(`${path}/${one}`, more));
        return { readEntries: (done) => done(rest.splice(0, 2)) };
      } };
  const folder = entry(`/${name}`, files);
  const items = [{ webkitGetAsEntry: () => folder }];
  const event = new Event("drop", { bubbles: true, cancelable: true });
  document.body.dispatchEvent(Object.assign(event, { dataTransfer: { items, files: [new File([], name)] } }));
}"""
"""A folder is dropped; its entries are made up, since no script can make true ones."""


def test_a_folder_is_dropped_on_the_page(page: Page, page_file: Path, lab: Lab, tmp_path: Path) -> None:
    tree: dict[str, Any] = {}
    for name, data in lab.made.files.items():
        *folders, last = name.split("/")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = base64.b64encode(data).decode()
    (tmp_path / "trust.json").write_bytes(lab.made.trust)
    opened(page, page_file).set_input_files("#trust", tmp_path / "trust.json")
    page.evaluate(DROP, [f"takeback-dossier-{lab.made.id}", tree])

    page.wait_for_selector("#result[data-verdict=VALID]:not([hidden])")
    assert "A folder is not the original wrapping" in page.inner_text("#result")
