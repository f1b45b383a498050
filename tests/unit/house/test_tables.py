"""A table belongs to the room that its name begins with, and no other room's SQL names it."""

import ast
import re
from pathlib import Path

import pytest

from every import every
from repository import SOURCES, Use, room_of_file, room_of_table, strings_of, tables, tables_in, tree_of

MODULES = [
    path
    for path in sorted(SOURCES.rglob("*.py"))
    if "migrations" not in path.parts and path.name != "__init__.py"
]


READ_ACROSS = {
    ("cases/store.py", "sightings_post"): "a case's copies and the queue's counts, each in one query",
    ("cases/breaker_store.py", "bank_entry"): "a case's entries, of which each one's last hour is counted",
    ("cases/breaker_store.py", "sightings_post"): "who posted what was removed unseen",
    ("cases/store.py", "matching_match"): "which reported entries a reviewed copy shows, without loading all",
}
"""The few statements that read another room's table, of a room below, and why. None may write one."""


def name(path: Path) -> str:
    return path.relative_to(SOURCES).as_posix()


def foreign(path: Path) -> list[Use]:
    """Where a module names another room's table."""
    uses = tables_in(tree_of(path), tables())
    return [use for use in uses if room_of_table(use.table) != room_of_file(path)]


def test_sql_names_only_tables_of_its_own_room() -> None:
    across = [(name(path), use) for path in MODULES for use in foreign(path)]
    assert not [(module, use) for module, use in across if (module, use.table) not in READ_ACROSS]


@every(("module", "table"), READ_ACROSS)
def test_what_is_read_across_rooms_is_only_read(module: str, table: str) -> None:
    path = SOURCES / module
    assert table in {use.table for use in foreign(path)}, "take it off the list"
    written = re.compile(rf"\b(insert\s+into|update|delete\s+from|truncate)\s+{table}\b", re.IGNORECASE)
    assert not [line for line, text in strings_of(tree_of(path)) if written.search(text)]


@every("table", sorted(tables()))
def test_the_first_word_of_a_table_is_a_room(table: str) -> None:
    room = SOURCES / room_of_table(table)
    assert room.is_dir() or room.with_suffix(".py").is_file()


def test_every_table_is_used_by_its_room() -> None:
    used = {use.table for path in MODULES for use in tables_in(tree_of(path), tables())}
    written_by_a_function_of_the_database = set[str]()
    assert tables() - used == written_by_a_function_of_the_database


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('tx.execute("select 1 from bank_entry e")', ["bank_entry"]),
        ('tx.execute("insert into event (kind) values (%s)")', ["event"]),
        ('SQL = "update cases_case " "set x = 1"', ["cases_case"]),
        ('q = f"select {x} from staff_link where {y}"', ["staff_link"]),
        ('q = "an event is small"', []),
        ('def f():\n    """Reads bank_entry."""', []),
        ('name = "look_back"', []),
        ('q = "select * from procrastinate_jobs"', ["procrastinate_jobs"]),
    ],
)
def test_a_table_is_noticed_wherever_sql_can_name_it(source: str, found: list[str]) -> None:
    assert [use.table for use in tables_in(ast.parse(source), tables())] == found
