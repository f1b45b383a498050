"""The laboratory where packages are tampered with, and the tools of who does it; see `mutants.py`."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from authorities import Authority
from packages import Made, with_note
from takeback_verify.core import canonical
from takeback_verify.core.note import Note, Signature
from takeback_verify.core.tlog_proof import parse_tlog_proof

TLOG = "data/proof/dossier.tlog-proof"
OWN = "data/proof/dossier.json"
PATHS = "data/proof/entries.json"
ENTRIES = "data/entries.jsonl"
Json = dict  # documents that tests take apart

Files = dict[str, bytes]


@dataclass
class Lab:
    """A package, another one of its log, one of a forged log, one without timestamps; a rogue authority."""

    made: Made
    other: Made
    forged: Made
    bare: Made
    rogue: Authority

    def copy(self) -> Files:
        """The package's files, to be changed."""
        return dict(self.made.files)


Edit = Callable[[Files, Lab], None]
Container = Callable[[Lab], bytes]

EDITS: dict[str, Edit] = {}
BAG_EDITS: dict[str, Edit] = {}
"""The bag's own files; an attacker who made them anew would undo them."""
CONTAINERS: dict[str, Container] = {}
BENIGN: dict[str, Container] = {}


def edit(function: Edit) -> Edit:
    EDITS[function.__name__.strip("_").replace("_", " ")] = function
    return function


def bag_edit(function: Edit) -> Edit:
    BAG_EDITS[function.__name__.strip("_").replace("_", " ")] = function
    return function


def container(function: Container) -> Container:
    CONTAINERS[function.__name__.strip("_").replace("_", " ")] = function
    return function


def benign(function: Container) -> Container:
    BENIGN[function.__name__.strip("_").replace("_", " ")] = function
    return function


def change(files: Files, name: str, old: bytes, new: bytes) -> None:
    assert old in files[name], (name, old)
    files[name] = files[name].replace(old, new, 1)


def swap(files: Files, one: str, other: str) -> None:
    files[one], files[other] = files[other], files[one]


def flip(data: bytes, at: int = -1) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def exhibit_folder(lab: Lab, n: int = 0) -> str:
    return f"data/exhibits/{lab.made.captures[n]}/"


def entry_lines(files: Files) -> list[bytes]:
    return files[ENTRIES].splitlines(keepends=True)


def path_rows(files: Files) -> Json:
    return json.loads(files[PATHS])


def anchor_sizes(files: Files) -> list[int]:
    return sorted(int(n.split("/")[-1].split(".")[0]) for n in files if n.endswith(".note"))


def anchor_file(size: int, rest: str) -> str:
    return f"data/proof/anchors/{size}.{rest}"


def final_size(files: Files) -> int:
    return path_rows(files)["size"]


def with_signatures(files: Files, change: Callable[[list[Signature]], list[Signature]]) -> None:
    proof = parse_tlog_proof(files[TLOG])
    note = Note(proof.note.text, tuple(change(list(proof.note.signatures))))
    files[TLOG] = with_note(proof, note)


def change_entry(files: Files, n: int, change: Callable[[Json], None]) -> None:
    lines = entry_lines(files)
    value = json.loads(lines[n])
    change(value)
    lines[n] = canonical.write(value) + b"\n"
    files[ENTRIES] = b"".join(lines)
