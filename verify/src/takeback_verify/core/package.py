"""A package in its zip or in a folder, read without trusting it: bounded, closed, nothing written to disk.

All files lie in one folder; names here are relative to it. As it was written it is one zip, whose every byte
follows from its files (`zip_form`), with the folder `takeback-dossier-<id>/`. A package that was unpacked, or
packed again by another program, is still its files: those are judged, and the report says that the wrapping
is another. What a system or a person laid beside them is named, and is never read as evidence. Hashes are
taken in pieces, so a package of any size is checked in a few megabytes of memory.
"""

import collections
import hashlib
import os
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice, takewhile
from pathlib import Path
from typing import BinaryIO

from takeback_verify.core.canonical import MAX_DOCUMENT, is_uuid
from takeback_verify.core.contents import Content, ZippedFile
from takeback_verify.core.errors import CannotCheck, Malformed, Problems
from takeback_verify.core.folder import read_folder
from takeback_verify.core.listing import LISTING
from takeback_verify.core.names import check_distinct, check_name, is_left_by_a_system, shown
from takeback_verify.core.zip_form import Entry, has_zip_form
from takeback_verify.core.zipped import Member, check_end_is_seen, read_members

FOLDER = "takeback-dossier-"
MAX_UNPACKED = 8 * 2**30
"""Most bytes of all files together."""
MAX_RATIO = 200
"""Largest ratio of the files' size to the zip's."""

_NAME = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*", re.ASCII)


class Wrapping(StrEnum):
    """The wrapping of the files."""

    ORIGINAL = "original"
    """The one zip that belongs to them."""
    ZIP = "zip"
    """Another zip: it was unpacked and packed again, or written by an early version."""
    FOLDER = "folder"
    """A folder on a disc."""


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package: which files there are, and what is in them."""

    files: Mapping[str, Content]
    """By name, relative to the package's folder."""
    foreign: Mapping[str, Content]
    """Files beside them, by its whole name."""
    folder: str
    """Name of the package's folder; empty if it is the whole zip."""
    wrapping: Wrapping
    _sorted: tuple[str, ...] = field(repr=False)
    """The names, rising."""
    _digests: dict[str, bytes] = field(default_factory=dict, repr=False)

    def __contains__(self, name: str) -> bool:
        return name in self.files

    @property
    def id(self) -> str | None:
        """The UUID in the folder's name, or None if somebody gave it another name."""
        return _id_of(self.folder)

    def names(self, under: str = "") -> list[str]:
        """The names that begin so, by rising name."""
        first = bisect_left(self._sorted, under)
        return list(takewhile(lambda name: name.startswith(under), islice(self._sorted, first, None)))

    def size(self, name: str) -> int:
        """A file's size in bytes."""
        return self.files[name].size

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes in pieces. Raises Malformed, CannotCheck as its content does."""
        return self.files[name].chunks()

    def read(self, name: str) -> bytes:
        """Return a whole document. Raises Malformed: missing, damaged, or too long to be one."""
        if name not in self.files:
            raise Malformed(f"{name} is missing")
        if self.size(name) > MAX_DOCUMENT:
            raise Malformed(f"{name} is longer than {MAX_DOCUMENT} bytes")
        data = b"".join(self.chunks(name))
        if self._digests.setdefault(name, hashlib.sha256(data).digest()) != hashlib.sha256(data).digest():
            raise Malformed(f"{name} was changed while it was read")
        return data

    def digest(self, name: str) -> bytes:
        """Return a file's SHA-256; computed once. Raises Malformed, CannotCheck as its content does."""
        if name not in self._digests:
            sha = hashlib.sha256()
            for piece in self.chunks(name):
                sha.update(piece)
            self._digests[name] = sha.digest()
        return self._digests[name]


def open_package(source: BinaryIO | Path) -> Package:
    """Open the package in a zip (open, seekable), or in a folder.

    Raises:
        CannotCheck: neither, or something else than a package.
        Malformed: two readers could find different files or bytes in it; section 1 of the format.
    """
    if isinstance(source, Path):
        files, folders = read_folder(source)
        found = _arranged(files, folders, Wrapping.FOLDER, source.resolve().name)
        _check_size(found, MAX_UNPACKED)
        return found
    members = read_members(source)
    if len({member.name for member in members}) != len(members):
        raise Malformed("a name is there twice in the zip")
    everything = {m.name: ZippedFile(source, m, shown(m.name)) for m in members}
    for member in members:
        if member.is_folder:
            # Some packers compress the nothing that a folder holds.
            collections.deque(everything[member.name].chunks(), maxlen=0)
    zipped = {m.name: everything[m.name] for m in members if not m.is_folder}
    wrapping = Wrapping.ORIGINAL if _is_original(source, members) else Wrapping.ZIP
    found = _arranged(zipped, [m.name[:-1] for m in members if m.is_folder], wrapping)
    for name in found.foreign:
        check_end_is_seen(zipped[name].member, trusted=False)
    _check_size(found, MAX_RATIO * source.seek(0, os.SEEK_END))
    return found


def check_contents(package: Package) -> None:
    """Read every file once.

    In a zip those beside the package too: a reader without the directory finds the next file by their ends.

    Raises:
        Problems: files that are damaged, each with what is wrong.
        CannotCheck: a file on the disc cannot be read.
    """
    foreign = () if package.wrapping is Wrapping.FOLDER else package.foreign.values()
    problems = list[str]()
    for content in (*package.files.values(), *foreign):
        try:
            collections.deque(content.chunks(), maxlen=0)
        except Malformed as error:
            problems.append(str(error))
    if problems:
        raise Problems(problems)


def _is_original(source: BinaryIO, members: Sequence[Member]) -> bool:
    """Tell whether a zip is the one that belongs to its files, and holds nothing but a package."""
    folder, _, _ = members[0].name.partition("/") if members else ("", "", "")
    inside = [member.name.removeprefix(f"{folder}/") for member in members]
    return (
        _id_of(folder) is not None
        and all(member.name == f"{folder}/{name}" for member, name in zip(members, inside, strict=True))
        and all(_NAME.fullmatch(name) and not is_left_by_a_system(name) for name in inside)
        and has_zip_form(source, [Entry(m.name, m.size, m.crc, m.start) for m in members])
    )


def _arranged(
    files: Mapping[str, Content], folders: Sequence[str], wrapping: Wrapping, outer: str = ""
) -> Package:
    # 1. Names that all systems read alike, and none twice.
    for name in (*files, *folders):
        check_name(name)
    check_distinct(files, folders)
    # 2. One folder that is the package; what lies elsewhere, or was left in it by a system, is not of it.
    root = _root_of(files)
    own, foreign = dict[str, Content](), dict[str, Content]()
    for name, content in files.items():
        inside = name.removeprefix(root)
        if not name.startswith(root) or is_left_by_a_system(inside):
            foreign[name] = content
        elif _NAME.fullmatch(inside):
            own[inside] = content
        else:
            raise Malformed(f"{shown(name)} is not a name that a package may have")
    folder = root[:-1].rpartition("/")[2] or outer
    return Package(own, foreign, folder, wrapping, tuple(sorted(own)))


def _root_of(names: Iterable[str]) -> str:
    """Return the package's folder with its slash; empty if it is the whole."""
    lists = [name for name in names if f"/{name}".endswith(f"/{LISTING}") and not is_left_by_a_system(name)]
    roots = {name.removesuffix(LISTING) for name in lists}
    if not roots:  # a package all the same, if its folder says so
        roots = {f"{name.split('/')[0]}/" for name in names if name.startswith(FOLDER) and "/" in name}
    if not roots:
        raise CannotCheck(f"there is no {LISTING} in it; it is not a package of this kind")
    if len(roots) > 1:
        raise Malformed("there is more than one package in it")
    return roots.pop()


def _check_size(package: Package, allowed: int) -> None:
    """Refuse what is larger than anybody would expect. Raises Malformed."""
    unpacked = sum(content.size for content in (*package.files.values(), *package.foreign.values()))
    if unpacked > min(allowed, MAX_UNPACKED):
        raise Malformed(f"its files have {unpacked} bytes; at most {min(allowed, MAX_UNPACKED)} are allowed")


def _id_of(folder: str) -> str | None:
    name = folder.removeprefix(FOLDER)
    return name if name != folder and is_uuid(name) else None
