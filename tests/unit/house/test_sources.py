"""What every file of the repository keeps to, and no tool of ours checks otherwise."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from repository import DEV, ROOT, files, name_of, text_of, texts, tree_of

LONGEST = 450
PYTHON = texts(".py")
SOURCE = [path for path in PYTHON if path.is_relative_to(ROOT / "src") or path.is_relative_to(DEV)]
WRITTEN_BY_HAND = [
    path for path in texts(".py", ".js", ".css", ".html", ".sql") if "vectors" not in path.parts
]
MIGRATIONS_ENTRY = ROOT / "src" / "takeback" / "infra" / "db" / "migrations" / "env.py"
CLOCK = ROOT / "src" / "takeback" / "infra" / "clock.py"
_CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime"},
}
# Written in pieces, so that this file does not contain what it looks for.
_REGISTRIES = [
    ".".join(words)
    for words in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
    )
]
_INDEX = ("-i ", "--index", "--extra-index", "--find-links")
_MACHINE = re.compile(r"(?<![\w.~-])/(?:work|root|home)/")


def clocks_read(tree: ast.Module) -> list[str]:
    """Where the hour is asked for: as `datetime.now()`, `time.time()` and their kin, or by importing them."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of = node.value
            owner = of.id if isinstance(of, ast.Name) else of.attr if isinstance(of, ast.Attribute) else ""
            if node.attr in _CLOCKS.get(owner, ()):
                found.append(f"line {node.lineno}: {owner}.{node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [
                f"line {node.lineno}: {name.name}" for name in node.names if name.name in _CLOCKS["time"]
            ]
    return found


def guilty(paths: Iterable[Path], faults_of: Callable[[Path], Sequence[str]]) -> dict[str, Sequence[str]]:
    """The files with faults, and their faults."""
    found = {name_of(path): faults_of(path) for path in paths}
    return {name: faults for name, faults in found.items() if faults}


def test_only_the_clock_reads_the_clock() -> None:
    others = [
        path for path in SOURCE if path != CLOCK and path.parent != DEV / "bench"
    ]  # benches use real time
    assert not guilty(others, lambda path: clocks_read(tree_of(path)))


def test_a_clock_is_noticed() -> None:
    assert clocks_read(tree_of(CLOCK))
    assert clocks_read(ast.parse("import datetime as d\nd.datetime.now()"))
    assert clocks_read(ast.parse("import time\ntime.time()"))
    assert clocks_read(ast.parse("from time import time"))
    assert not clocks_read(ast.parse("import time\ntime.monotonic()\nclock.now()"))


FACES = {"src/takeback/events/__init__.py", "src/takeback/signals/__init__.py"}
"""Packages whose names others import from the package itself."""


def test_an_init_file_says_at_most_why_the_package_exists() -> None:
    written = {
        name_of(path)
        for path in PYTHON
        if path.name == "__init__.py" and len(tree_of(path).body) > _is_told(path)
    }
    assert written <= FACES


def _is_told(path: Path) -> bool:
    return ast.get_docstring(tree_of(path)) is not None


def test_a_module_says_why_it_exists() -> None:
    silent = [path for path in SOURCE if path.name != "__init__.py" and not ast.get_docstring(tree_of(path))]
    assert [name_of(path) for path in silent if path != MIGRATIONS_ENTRY] == []


def unexplained(source: str) -> list[str]:
    """Comments that silence a tool and do not say why, or do not say of what."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        for silenced in re.finditer(r"#\s*(noqa|type:\s*ignore|pyrefly:\s*ignore|pragma:)(.*)", token.string):
            what = re.match(r"\s*(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*|\[[\w, -]+\])(.*)", silenced[2])
            why = "" if what is None else what[1].strip(" -#()")
            if not why:
                found.append(f"line {token.start[0]}: {token.string}")
    return found


def test_a_silenced_tool_comes_with_a_reason() -> None:
    assert not guilty(PYTHON, lambda path: unexplained(text_of(path) or ""))


@pytest.mark.parametrize(
    ("comment", "good"),
    [
        ("x = 1  # noqa: S603 - our own program", True),
        ("x = 1  # noqa: S603, S607 (our own program)", True),
        ("x = 1  # type: ignore[arg-type] - the stub is wrong", True),
        ("x = 1  # noqa: S603", False),
        ("x = 1  # noqa", False),
        ("x = 1  # noqa - it is fine this way", False),
        ("x = 1  # type: ignore", False),
        ("x = 1  # type: ignore[arg-type]", False),
        ("x = '# noqa'", True),
    ],
)
def test_a_reason_is_told_from_none(comment: str, good: bool) -> None:
    assert (not unexplained(comment)) is good


def test_a_file_is_short_enough_to_be_read() -> None:
    lengths = {name_of(path): len((text_of(path) or "").splitlines()) for path in WRITTEN_BY_HAND}
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


def test_no_file_names_a_package_registry() -> None:
    assert not guilty(texts(), lambda path: [host for host in _REGISTRIES if host in (text_of(path) or "")])


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    assert not guilty(texts(), lambda path: _MACHINE.findall(text_of(path) or ""))


@pytest.mark.parametrize("path", sorted((ROOT / "lock").glob("*.txt")), ids=name_of)
def test_a_lock_names_versions_and_hashes_and_no_index(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert not [line for line in lines if "://" in line or line.lstrip().startswith(_INDEX)]
    pinned = [line for line in lines if re.match(r"[\w.\[\]-]+==", line)]
    assert pinned
    assert all(line.endswith("\\") for line in pinned)  # a hash follows


def test_what_builds_the_index_is_of_one_version_in_every_environment() -> None:
    build, dev, runtime = (
        dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "lock" / name).read_text("utf-8"), re.MULTILINE))
        for name in ("build.txt", "dev.txt", "runtime.txt")
    )
    assert build.keys() >= {"cmake", "nanobind", "ninja", "scikit-build-core"}
    assert build.items() <= dev.items()
    assert all(runtime.get(name, version) == version for name, version in build.items())


def test_the_lock_of_the_pages_tools_names_no_index() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text("utf-8")


def test_the_repository_holds_nothing_large() -> None:
    large = [name_of(path) for path in files() if path.is_file() and path.stat().st_size > 1_000_000]
    assert not large
