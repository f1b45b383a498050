"""The floors hold, every room has one, and ARCHITECTURE.md draws them as they are."""

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from repository import ROOT, SOURCES, read, tree_of

_CONTRACTS = configparser.ConfigParser()
_CONTRACTS.read_string(read(".importlinter"))


def layers() -> list[list[str]]:
    """Floors from the top, each with its rooms as "infra/db"."""
    text = _CONTRACTS["importlinter:contract:floors"]["layers"]
    return [
        [room.strip().removeprefix("takeback.").replace(".", "/") for room in line.split("|")]
        for line in text.strip().splitlines()
    ]


def test_the_import_contracts_hold() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_every_room_has_a_floor() -> None:
    houses = {"entrypoints", "infra"}
    rooms = set()
    for path in SOURCES.iterdir():
        inside = list(path.iterdir()) if path.name in houses else [path]
        rooms |= {
            each.relative_to(SOURCES).with_suffix("").as_posix()
            for each in inside
            if not each.name.startswith("__") and (each.suffix == ".py" or (each / "__init__.py").exists())
        }
    assert rooms == {room for floor in layers() for room in floor}


def test_the_architecture_draws_the_floors_as_they_are() -> None:
    block = re.search(r"<!-- floors -->\s*```text\n(.*?)```", read("ARCHITECTURE.md"), re.DOTALL)
    assert block is not None
    drawn = [
        [room.strip() for room in re.split(r"\s{2,}", line.strip())[0].split("|")]
        for line in block[1].splitlines()
        if line.strip()
    ]
    assert [set(floor) for floor in drawn] == [set(floor) for floor in layers()]


@pytest.mark.parametrize(
    "contract",
    [name for name in _CONTRACTS.sections() if _CONTRACTS[name].get("type") == "forbidden"],
    ids=lambda name: name.rpartition(":")[2],
)
def test_a_contract_forbids_modules_that_exist(contract: str) -> None:
    """A renamed room must not fall out of a contract unnoticed."""
    named = [
        name
        for field in ("source_modules", "forbidden_modules")
        for name in _CONTRACTS[contract][field].split()
        if name.startswith("takeback.")
    ]
    assert not [name for name in named if not _exists(SOURCES.joinpath(*name.split(".")[1:]))]


def _exists(path: Path) -> bool:
    return path.is_dir() or path.with_suffix(".py").is_file()


_COMMITS = {"insert", "set_read"}
"""What makes a sighting that can match: only the join may call it, under the bank's lock."""


def test_only_the_join_commits_sightings_that_can_match() -> None:
    callers: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        tree = tree_of(path)
        names = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "takeback.sightings"
            for alias in node.names
            if alias.name == "store"
        }
        callers |= {
            path.relative_to(SOURCES).as_posix()
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in names
            and node.attr in _COMMITS
        }
    assert callers == {"matching/service.py"}
