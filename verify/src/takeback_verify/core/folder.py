"""A folder on a disc: which files lie in it. Links and devices are refused, since they lead elsewhere."""

import os
import stat
from pathlib import Path

from takeback_verify.core.contents import DiscFile
from takeback_verify.core.errors import CannotCheck, Malformed
from takeback_verify.core.names import shown
from takeback_verify.core.zipped import MAX_FILES


def read_folder(folder: Path) -> tuple[dict[str, DiscFile], list[str]]:
    """Return all files of a folder, by their names within it, and all folders in it.

    Raises:
        CannotCheck: it cannot be read.
        Malformed: a link, a device, a name that is not UTF-8, or too many files.
    """
    files, folders = dict[str, DiscFile](), list[str]()
    waiting = [("", folder)]
    while waiting:
        above, path = waiting.pop()
        try:
            with os.scandir(path) as entries:
                found = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in entries)
        except OSError as error:
            raise CannotCheck(f"the folder cannot be read: {error.strerror}") from error
        for last, about in found:
            name = above + _text(last)
            if stat.S_ISDIR(about.st_mode):
                folders.append(name)
                waiting.append((f"{name}/", path / last))
            elif stat.S_ISREG(about.st_mode):
                files[name] = DiscFile(path / last, about.st_size, shown(name))
            else:
                raise Malformed(f"{shown(name)} is a link or a device")
        if len(files) + len(folders) > MAX_FILES:
            raise Malformed(f"the folder has more than {MAX_FILES} files")
    return files, folders


def _text(name: str) -> str:
    try:
        return os.fsencode(name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("a name in the folder is not UTF-8") from error
