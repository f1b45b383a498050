"""The repository as the tests of the house read it: its files, its documents, its tables.

Files are found by walking, not by asking git, so that the tests also hold in an unpacked archive; what
`.gitignore` names is left out, and it names folders only.
"""

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "takeback"
DEV = ROOT / "dev" / "src" / "takeback_dev"
SCHEMA = SOURCES / "infra" / "db" / "migrations" / "versions"


def name_of(path: Path) -> str:
    """A file as the repository names it."""
    return path.relative_to(ROOT).as_posix()


@lru_cache
def files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in the repository."""
    ignored = [line.strip().strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()]
    skipped = {".git", *filter(None, ignored)}
    found = []
    for folder, names, here in os.walk(ROOT):
        at = Path(folder)
        names[:] = sorted(
            name
            for name in names
            if name not in skipped and name_of(at / name) not in skipped and not (name.endswith(".egg-info"))
        )
        found += [at / name for name in sorted(here) if name not in skipped]
    return tuple(found)


@lru_cache
def text_of(path: Path) -> str | None:
    """A file's text; None if it is none."""
    try:
        return path.read_bytes().decode("utf-8")
    except (UnicodeDecodeError, FileNotFoundError):  # a picture; or a test's output that is gone again
        return None


def texts(*suffixes: str) -> tuple[Path, ...]:
    """Files that hold text, of the given endings or of any."""
    return tuple(
        path for path in files() if (not suffixes or path.suffix in suffixes) and text_of(path) is not None
    )


def shipped_platforms() -> list[str]:
    """The platforms that the wheel of the service registers."""
    registered = tomllib.loads(read("pyproject.toml"))["project"]["entry-points"]["takeback.connectors"]
    return [name for name, value in registered.items() if value.startswith("takeback.connectors.")]


def documents() -> tuple[Path, ...]:
    """What people read: Markdown."""
    return texts(".md")


def read(path: Path | str) -> str:
    """The text of a file that must be there."""
    return (ROOT / path).read_text("utf-8")


def code_in(document: str) -> Iterator[str]:
    """What a Markdown text shows as code: fenced or indented lines, and spans in backticks."""
    fenced = False
    for line in document.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield line.strip()
        else:
            yield from re.findall(r"`([^`]+)`", line)


def rows_of(document: str) -> Iterator[tuple[str, ...]]:
    """The rows of a Markdown text's tables, without their heads."""
    head = True
    for line in document.splitlines():
        if not line.startswith("|"):
            head = True
        elif re.fullmatch(r"[|:\- ]+", line):
            head = False
        elif not head:
            yield tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])


# --- Python ------------------------------------------------------------------------------------------------


@lru_cache
def tree_of(path: Path) -> ast.Module:
    """A Python file, parsed."""
    return ast.parse(text_of(path) or "", filename=name_of(path))


def _docstrings(tree: ast.Module) -> set[int]:
    """The texts that stand alone as statements: docstrings, and sentences beside a field."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def strings_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of every string that is not a docstring, an f-string's fixed parts included."""
    told = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


# --- tables ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    """A place in the sources where SQL names a table."""

    line: int
    table: str


def tables() -> frozenset[str]:
    """Every table that a migration makes."""
    made: set[str] = set()
    for path in SCHEMA.glob("*.sql"):
        made |= set(re.findall(r"^create table (\w+)", path.read_text("utf-8"), re.MULTILINE))
    return frozenset(_RENAMED.get(table, table) for table in made)


_RENAMED = {
    "fact": "event",
    "fact_followed": "event_handled",
    "intake_arrival": "submissions_arrival",
    "intake_draft": "submissions_draft",
    "intake_link": "submissions_link",
    "intake_report": "submissions_report",
    "intake_salt": "submissions_salt",
    "join_details": "matching_details",
    "join_match": "matching_match",
    "sightings_shard": "sightings_stream",
}
"""By migration 0028."""


def room_of_table(table: str) -> str:
    """The room that owns a table: its first word."""
    first = table.split("_", maxsplit=1)[0]
    elsewhere = {
        "event": "infra/ledger",
        "ledger": "infra/ledger",
        "procrastinate": "infra/jobs",
        "alembic": "infra/db",
        "lock": "infra/db",
    }
    return elsewhere.get(first, first)


def room_of_file(path: Path) -> str:
    """The room that a source file belongs to."""
    parts = path.relative_to(SOURCES).with_suffix("").parts
    return "/".join(parts[:2]) if parts[0] == "infra" else parts[0]


_AFTER = re.compile(r"\b(?:from|join|into|update|table|only|references|lock)\s+(\w+)", re.IGNORECASE)

_OTHERS = re.compile(r"procrastinate_(?:jobs|events|workers|periodic_defers)|alembic_version")
"""Tables that libraries make."""


def tables_in(tree: ast.Module, known: frozenset[str]) -> Iterator[Use]:
    """Where a module's strings name a table: a name of two words anywhere, one of one word after "from"."""
    for line, text in strings_of(tree):
        words = {word for word in re.findall(r"\w+", text) if "_" in word}
        named = words | {found.lower() for found in _AFTER.findall(text)}
        for word in sorted(named):
            if word in known or re.match(
                r"procrastinate_(jobs|events|workers|periodic)|alembic_version", word
            ):
                yield Use(line, word)
