"""Step 1: that each file is whole, and what is said of the zip or folder that they came in."""

from takeback_verify.contents import Content
from takeback_verify.errors import Malformed, Problems
from takeback_verify.names import shown
from takeback_verify.package import Package, Wrapping
from takeback_verify.words import count, joined

_MOST_NAMED = 20
"""How many of the foreign files a sentence names."""
_NOT_ORIGINAL = {
    Wrapping.ZIP: "The zip is not the original wrapping",
    Wrapping.FOLDER: "A folder is not the original wrapping",
}


def check_contents(package: Package) -> None:
    """Read every file once.

    In a zip those beside the package too: a reader without the directory finds the next file by their ends.

    Raises:
        Problems: files that are damaged, each with what is wrong.
        CannotCheck: a file on the disc cannot be read.
    """
    foreign = () if package.wrapping is Wrapping.FOLDER else package.foreign.values()
    problems = [_damage(content) for content in (*package.files.values(), *foreign)]
    found = [problem for problem in problems if problem]
    if found:
        raise Problems(found)


def describe(package: Package) -> list[str]:
    """Return what is said of the container, in sentences."""
    number = count(len(package.files), "file")
    if package.wrapping is Wrapping.ORIGINAL:
        return [f"The zip holds {number} in one folder, and every byte of it follows from them."]
    said = [f"{_NOT_ORIGINAL[package.wrapping]}, so nothing is said of it; the {number} in it are judged."]
    if package.foreign:
        names = [shown(name) for name in sorted(package.foreign)]
        more = len(names) - _MOST_NAMED
        named = names if more <= 0 else [*names[:_MOST_NAMED], f"{more:,} more"]
        said.append(f"{_beside(len(names))}: {joined(named)}.")
    return said


def _beside(number: int) -> str:
    if number == 1:
        return "Beside them lies 1 file that is not part of the package and proves nothing"
    return f"Beside them lie {number:,} files that are not part of the package and prove nothing"


def _damage(content: Content) -> str | None:
    try:
        for _ in content.chunks():
            pass
    except Malformed as error:
        return str(error)
    return None
