"""The documents say what is so: settings, events, commands, files, links, and what follows what."""

import dataclasses
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import typer
from pydantic.fields import FieldInfo

from every import every
from repository import (
    ROOT,
    SOURCES,
    code_in,
    documents,
    name_of,
    read,
    rows_of,
    shipped_platforms,
    text_of,
    texts,
)
from takeback import events
from takeback.connectors.platform import Account
from takeback.entrypoints.cli import main
from takeback.events import EVENTS, FOLLOWED
from takeback.events.form import kind_of
from takeback.infra.config import PortalSettings, Settings
from takeback.platforms import load
from takeback_dev.demo.check import Result

PREFIX = "TAKEBACK_"
INTERNAL = {
    "TAKEBACK_PARENT_PIPE",
    "TAKEBACK_LISTENER",
    "TAKEBACK_NATIVE",  # in tests, which path of the index answers
}
"""Set by `takeback serve` and `takeback bench load` for their own children; nobody else sets it."""

# --- settings ----------------------------------------------------------------------------------------------


def settings() -> dict[str, FieldInfo]:
    """Every setting by the name of its environment variable; of platforms that the service ships, too."""
    groups = [(PREFIX, Settings), (PREFIX, PortalSettings)]
    groups += [(Account(name).prefix, load(name).settings) for name in shipped_platforms()]
    return {
        prefix + name.upper(): field for prefix, group in groups for name, field in group.model_fields.items()
    }


def shown(value: object) -> str:
    """A default as it is written in an environment."""
    match value:
        case None:
            return "none"
        case tuple():
            return ",".join(shown(each) for each in value)
        case timedelta():
            days = value / timedelta(days=1)
            return f"{days:g}d" if days > 2 else f"{value / timedelta(hours=1):g}h"
        case float() | int():
            return f"{value:g}" if value < 1_000_000 else str(value)
        case _:
            return str(value)


def documented_settings() -> dict[str, str]:
    """Variable and default as docs/settings.md has them."""
    rows = [row for row in rows_of(read("docs/settings.md")) if row[0].startswith(f"`{PREFIX}")]
    return {row[0].strip("`"): row[1].strip("`") for row in rows}


@every("variable", sorted(settings()))
def test_a_setting_is_documented_with_its_default(variable: str) -> None:
    field = settings()[variable]
    default = "required" if field.is_required() else shown(field.default)
    assert documented_settings().get(variable) == default


def test_no_file_speaks_of_a_setting_that_does_not_exist() -> None:
    known = settings().keys() | INTERNAL
    spoken = {
        (name_of(path), name)
        for path in texts()
        if not path.is_relative_to(ROOT / "tests")  # there, wrong ones are tried
        for name in re.findall(rf"\b{PREFIX}[A-Z]+(?:_[A-Z]+)*\b", text_of(path) or "")
    }
    shelf = re.compile(f"{PREFIX}SHELF(_[A-Z]+)+")  # the example of docs/connectors.md, which a test installs
    accounts = re.compile(
        "|".join(f"{Account(name).prefix}(SECOND|MAIN)_[A-Z_]+" for name in shipped_platforms())
    )
    assert not [
        (path, name)
        for path, name in spoken
        if name not in known and not accounts.fullmatch(name) and not shelf.fullmatch(name)
    ]


# --- events -------------------------------------------------------------------------------------------------


def documented_events() -> dict[str, tuple[str, ...]]:
    """(kind, fields, meaning, what follows) by class, as docs/events.md has them."""
    return {row[0].strip("`"): row[1:] for row in rows_of(read("docs/events.md")) if row[0].startswith("`")}


@every("event", EVENTS, ids=lambda event: event.__name__)
def test_an_event_is_documented_with_its_fields_and_what_follows(event: type[events.Event]) -> None:
    kind, fields, _, follows = documented_events()[event.__name__]
    assert kind == f"`{kind_of(event)}`"
    assert re.findall(r"`(\w+)`", fields) == [field.name for field in dataclasses.fields(event)]
    assert (follows == "Nothing by itself.") is (event not in FOLLOWED)


def test_no_event_is_documented_that_cannot_happen() -> None:
    assert documented_events().keys() == {event.__name__ for event in EVENTS}


# --- commands ----------------------------------------------------------------------------------------------


@lru_cache
def commands() -> dict[str, tuple[str, ...]]:
    """Every command as it is typed, with its options and arguments."""
    for name in main.ELSEWHERE:
        main.add(name)
    main.add_others()
    return dict(_leaves(typer.main.get_command(main.app), "takeback"))


def _leaves(command, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    inside = getattr(command, "commands", None)
    if inside is None:
        yield name, tuple(map(_written, command.params))
        return
    for word, each in inside.items():
        yield from _leaves(each, f"{name} {word}")


def _written(parameter) -> str:
    return parameter.name.upper() if parameter.param_type_name == "argument" else parameter.opts[0]


def sections() -> dict[str, str]:
    """The sections of docs/commands.md by command."""
    parts = re.split(r"^#+ `(takeback[^`]*)`.*$", read("docs/commands.md"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_is_documented_and_no_other() -> None:
    assert sections().keys() == commands().keys()


@every("command", sorted(commands()))
def test_a_command_is_documented_with_its_options_and_no_other(command: str) -> None:
    said = {
        cell.strip("`").split()[0] for row in rows_of(sections()[command]) for cell in row[:1] if cell != ""
    }
    assert said == set(commands()[command])


_COMMAND = re.compile(r"(?:^|[ /$])takeback ([a-z][a-z-]*(?: [a-z][a-z-]*)?)")


def _commands_spoken_of() -> list[tuple[str, str]]:
    found = []
    for path in texts(".md", ".py", ".html"):
        if path.is_relative_to(ROOT / "tests"):
            continue
        text = text_of(path) or ""
        spans = code_in(text) if path.suffix == ".md" else re.findall(r"`(takeback [^`]+)`", text)
        for span in spans:
            found += [(name_of(path), words) for words in _COMMAND.findall(span)]
    return found


def test_commands_that_are_spoken_of_exist() -> None:
    known = {name.removeprefix("takeback ") for name in commands()}
    groups = {name.split()[0] for name in known}
    wrong = [
        (path, words)
        for path, words in _commands_spoken_of()
        if words not in known
        and words.split()[0] not in {name for name in known if " " not in name}
        and not (words in groups or (words.split()[0] in groups and words.count(" ") == 0))
    ]
    assert _commands_spoken_of()
    assert not wrong


def test_make_targets_that_are_spoken_of_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    spoken = {
        (name_of(path), word)
        for path in documents()
        for span in code_in(text_of(path) or "")
        for word in re.findall(r"^make ([a-z]+)", span)
    }
    assert {"demo", "test"} <= {word for _, word in spoken}
    assert not [(path, word) for path, word in spoken if word not in targets]


def test_every_make_target_says_what_it_does() -> None:
    rules = re.findall(r"^([a-z]+):(.*)$", read("Makefile"), re.MULTILINE)
    declared = set(re.findall(r"\w+", re.search(r"^\.PHONY:(.*)$", read("Makefile"), re.MULTILINE)[1]))
    assert declared == {name for name, _ in rules}


# --- files and links ---------------------------------------------------------------------------------------

_FILE = re.compile(r"[\w.][\w./-]*\.(?:py|sql|js|css|md|toml|json|importlinter)")


@every("path", documents(), ids=name_of)
def test_files_that_a_document_names_exist(path: Path) -> None:
    named = {span for span in code_in(text_of(path) or "") if _FILE.fullmatch(span)}
    places = (ROOT, SOURCES, ROOT / "src", ROOT / "tests", path.parent)
    inside_a_room = {"model.py", "rules.py", "store.py", "service.py", "__init__.py"}
    assert not [
        name for name in sorted(named - inside_a_room) if not any((place / name).exists() for place in places)
    ]


@every("path", documents(), ids=name_of)
def test_folders_that_a_document_names_exist(path: Path) -> None:
    tops = {each.name for place in (ROOT, SOURCES) for each in place.iterdir() if each.is_dir()} - {"data"}
    made_later = {line.strip("/") for line in read(".gitignore").splitlines()}
    named = {span for span in code_in(text_of(path) or "") if re.fullmatch(r"\w+(?:/[\w-]+)+", span)}
    assert not [
        name
        for name in sorted(named - made_later)
        if name.split("/")[0] in tops and not any((place / name).exists() for place in (ROOT, SOURCES))
    ]


@every("path", documents(), ids=name_of)
def test_links_inside_the_repository_lead_somewhere(path: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(path) or ""):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        if not found.exists() or (anchor and anchor not in _anchors(found.read_text("utf-8"))):
            broken.append(target)
    assert not broken


def _anchors(document: str) -> set[str]:
    """The anchors of headings, as forges make them."""
    heads = re.findall(r"^#+ (.+)$", document, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


# --- the README and the decisions --------------------------------------------------------------------------


def test_the_demos_page_shows_the_line_that_the_check_prints() -> None:
    line = re.search(r"^\{.*\}$", read("docs/demo.md"), re.MULTILINE)
    assert line is not None
    shown_line = json.loads(line[0])
    assert list(shown_line) == [field.name for field in dataclasses.fields(Result)]
    assert Result(**shown_line).holds


def test_the_numbers_of_the_readme_are_of_the_measured_table() -> None:
    """A number in the README that the whole table does not have was measured nowhere."""
    table = read("docs/measured.md")
    numbers = {
        n
        for row in rows_of(read("README.md"))
        for n in re.findall(r"\d[\d.,]*(?= (?:ms|s|times|%)\b)", row[-1])
    }
    assert numbers
    assert not [number for number in numbers if number not in table]


def test_the_readme_is_read_in_three_minutes() -> None:
    assert len(re.findall(r"[\w'-]+", re.sub(r"\]\([^)]*\)", "]", read("README.md")))) <= 690


def test_every_part_that_is_relied_on_has_its_row() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    needed = {re.match(r"[\w.-]+", each)[0] for each in project["project"]["dependencies"]}
    told = {name for row in rows_of(read("ARCHITECTURE.md")) for name in re.findall(r"`([\w.-]+)`", row[1])}
    assert needed <= told


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    found = sorted(path.name for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [name[:4] for name in found] == [f"{number:04}" for number in range(1, len(found) + 1)]
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", read("docs/adr/README.md"))
    assert listed == found


@every("path", sorted((ROOT / "docs" / "adr").glob("[0-9]*.md")), ids=name_of)
def test_a_decision_tells_context_options_choice_and_cost(path: Path) -> None:
    heads = re.findall(r"^## (.+)$", path.read_text("utf-8"), re.MULTILINE)
    assert heads == ["Context", "Options", "Choice", "What it costs"]
