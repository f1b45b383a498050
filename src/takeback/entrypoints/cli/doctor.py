"""`takeback doctor`: is it working, and if not, what is to be done."""

import json
import sys
from typing import Annotated

import typer

from takeback.app import open_database, open_sealer
from takeback.doctor.examination import as_document, examine
from takeback.doctor.model import Level, Result, Subject, worst
from takeback.platforms import all_settings, connect

TROUBLE = 1
_COLOURS = {Level.OK: "32", Level.WARNING: "33", Level.FAILING: "31"}
_WIDTH = max(map(len, Level)) + 1


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Look at settings, keys, log, clocks, the portal's role, platforms and disks; say what to do.

    Exit code: 0 if nothing fails (there may be warnings), 1 if something does; 78 and 75, as for every
    command, when it cannot look at all.
    """
    settings, portal, _ = all_settings()
    with open_database(settings) as database:
        connectors = connect(settings)
        try:
            results = examine(
                Subject(settings, database, connectors, portal.portal_database_url, open_sealer(settings))
            )
        finally:
            for connector in connectors.values():
                connector.close()
    if as_json:
        print(json.dumps(as_document(results), ensure_ascii=False))
    else:
        print(_page(results, colours=sys.stdout.isatty()))
    if worst(each.level for each in results) is Level.FAILING:
        raise typer.Exit(TROUBLE)


def _page(results: tuple[Result, ...], *, colours: bool) -> str:
    """Return one line for what is well, and every sentence of the rest, with what to do."""
    lines: list[str] = []
    for each in results:
        shown = [one for one in each.findings if one.level is not Level.OK] or list(each.findings[-1:])
        for one in shown:
            lines.append(f"{_coloured(one.level, colours)}{each.check.name}: {one.statement}")
            lines += [f"{' ' * _WIDTH}{one.remedy}"] if one.remedy else []
    return "\n".join(lines)


def _coloured(level: Level, colours: bool) -> str:
    word = f"{level.value:{_WIDTH}}"
    return f"\x1b[{_COLOURS[level]}m{word}\x1b[0m" if colours else word
