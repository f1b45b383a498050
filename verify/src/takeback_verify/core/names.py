"""Names of files as readers of zips and discs understand them, and which of those are safe. Pure.

A zip that somebody made anew may hold more than the package: folders around it, and files that a system left
beside it. No reader may take one of those for a file of the package. So a name is refused that some system
would write elsewhere or under another name, and so are two names that some disc would keep as one.
"""

import re
import unicodedata
from collections.abc import Collection

from takeback_verify.core.errors import Malformed

MAX_NAME = 1024
"""Longest name with all folders, in bytes of UTF-8."""

_RESERVED = re.compile(r'[\\:*?"<>|]|~[0-9]')
"""Drive letters and streams of Windows, its other separator, what it replaces, and its short names."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of characters that are not seen; some discs ignore them."""
_LEFT_BY_SYSTEMS = frozenset(
    {".ds_store", ".localized", ".directory", "thumbs.db", "ehthumbs.db", "desktop.ini"}
)
_APPLE_FOLDER = "__MACOSX"


def check_name(name: str) -> None:
    """Check the name of a file or folder, with its folders and without a slash at its end.

    Raises Malformed: some system would write it elsewhere, or under another name.
    """
    normal = unicodedata.normalize("NFKC", name)
    unsafe = (
        len(name.encode()) > MAX_NAME
        or any(part == "" or part[-1] in ". " for part in name.split("/"))
        or _RESERVED.search(name) is not None
        or shown(name) != name
        or (normal.count("/"), "\\" in normal) != (name.count("/"), False)
    )
    if unsafe:
        raise Malformed(f"{shown(name)} is a name that systems read in different ways")


def check_distinct(files: Collection[str], folders: Collection[str] = ()) -> None:
    """Check that no disc takes two of these names for one, nor a file for a folder.

    Raises Malformed: two names differ in case or in their Unicode spelling only, or one is there twice.
    """
    seen: dict[str, tuple[str, bool]] = {}
    for name in files:
        key = folded(name)
        if key in seen:
            raise Malformed(f"{shown(name)} is there twice, or nearly so")
        seen[key] = (name, True)
    for path in {
        folder for name in (*files, *(f"{folder}/" for folder in folders)) for folder in _above(name)
    }:
        if seen.setdefault(folded(path), (path, False)) != (path, False):
            raise Malformed(f"{shown(path)} is there twice, or nearly so")


def folded(name: str) -> str:
    """Return the form that names share which some disc takes for one."""
    if name.isascii():
        return name.lower()
    normal = unicodedata.normalize("NFKC", name)
    return unicodedata.normalize("NFKC", normal.upper().lower())


def is_left_by_a_system(name: str) -> bool:
    """Tell whether Finder, Explorer or a desktop leaves a file of this name in folders."""
    first, *_ = parts = name.split("/")
    last = parts[-1]
    return (
        first == _APPLE_FOLDER or last.lower() in _LEFT_BY_SYSTEMS or (last.startswith("._") and last != "._")
    )


def shown(name: str) -> str:
    """Return the name for a sentence: on one line, whatever is in it."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(
        f"\\u{{{ord(letter):x}}}" if unicodedata.category(letter) in _INVISIBLE else letter for letter in name
    )


def _above(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]
