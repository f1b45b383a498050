"""`takeback`: what an operator types.

Each part of the service runs as `python -m takeback.entrypoints.NAME` in a process that holds only that
part's code; the commands here become that process. Commands import what they need when they run, so that
`takeback --version` answers at once.

Another distribution adds a command by an entry point of the group `takeback.commands`: takeback-dev, the
folder dev/ of the repository, adds `demo` and `bench`.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from takeback.errors import ConfigurationError, TakebackError, exit_code

app = typer.Typer(
    help="Recognise, take down and keep down intimate images shared without consent, and prove it.",
    epilog="Settings are environment variables, TAKEBACK_...: `takeback settings` lists them. "
    "Exit codes: 78, mend the settings or keys; 75, try again, what is needed does not answer yet; "
    "2, the command was typed wrongly.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(asked: bool) -> None:
    """Print what is installed, and end."""
    if asked:
        import platform
        from importlib.metadata import version

        try:
            from takeback import _native

            index = _native.paths()[0]
        except ImportError:
            index = "none, numpy answers"
        print(f"takeback {version('takeback')}, Python {platform.python_version()}, native index: {index}")
        raise typer.Exit


@app.callback()
def takeback(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print what is installed.")
    ] = False,
) -> None:
    """Only `--version` is an option of the program itself."""


@app.command()
def serve() -> None:
    """Run all of it: database, portal, console, API, worker and watcher. Ctrl-C stops it."""
    from takeback.entrypoints.cli.serve import Service
    from takeback.infra import process
    from takeback.platforms import all_settings

    stop = process.begin()
    settings, portal, _ = all_settings()
    with Service(settings, portal) as service:
        service.wait_until_up(stop)
        for name, url in service.addresses().items():
            print(f"{name:8} {url}")
        print("Ctrl-C stops all of it.", flush=True)
        service.run(stop)


PROCESSES = {
    "portal": "Run the public portal alone: the pages where people report, and ask for a report's status.",
    "console": "Run the staff's console alone.",
    "api": "Run the machine API alone: check a picture or a hash, health, metrics.",
    "worker": "Run the background worker alone: jobs, clocks, incoming reports, the ledger's sequencer.",
    "watch": "Run a watcher alone: read what passes on the connected platforms.",
}


def _become(command: str) -> Callable[[], None]:
    name = "watcher" if command == "watch" else command
    return lambda: os.execv(sys.executable, [sys.executable, "-m", f"takeback.entrypoints.{name}"])  # noqa: S606 - our own module


for _name, _help in PROCESSES.items():
    app.command(_name, help=_help)(_become(_name))


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date (every part does so at its start)."""
    from takeback.app import open_database
    from takeback.infra.config import Settings
    from takeback.infra.db import portal_role

    settings = Settings()
    with open_database(settings) as database, database.transaction() as tx:
        left = portal_role.remains(tx, settings.portal_connections)
    print("The schema is up to date.")
    for what in left:
        print(f"The portal's role {what}.", file=sys.stderr)


@app.command()
def links() -> None:
    """Print which links the connected platforms follow, for a portal on another machine."""
    from takeback.infra.config import Settings
    from takeback.platforms import followed_links

    print(followed_links(Settings()))


@app.command()
def settings() -> None:
    """List every setting with its present value; of a secret only whether it is set."""
    from takeback.infra.settings_form import PREFIX, listed
    from takeback.platforms import all_settings

    settings, portal, accounts = all_settings()
    lines = listed(settings, PREFIX) | listed(portal, PREFIX)
    for each in accounts:
        lines |= listed(each.settings, each.account.prefix)
    print("\n".join(lines.values()))  # no table: a narrow terminal would cut names and values


ELSEWHERE = {
    "backfill": "backfill",
    "doctor": "doctor",
    "dossier": "dossier",
    "match": "match",
    "review": "review",
    "investigate": "investigate",
    "keys": "keys",
    "ledger": "ledger",
    "staff": "staff",
    "api-key": "staff",
    "well-known": "well_known",
    "witness": "witness",
}
"""In which module of this folder a command is that is not in this file."""

OF_DEVELOPERS = ("bench", "demo")
"""Commands of takeback-dev."""


def add(name: str) -> None:
    """Add a command of `ELSEWHERE`: its module's `app`, or else its function of that name."""
    module = import_module(f"takeback.entrypoints.cli.{ELSEWHERE[name]}")
    _add(name, module.keys if name == "api-key" else getattr(module, "app", None) or getattr(module, name))


def _add(name: str, command: object) -> None:
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=name)
    elif callable(command):
        app.command(name)(command)


def add_others(wanted: str | None = None) -> None:
    """Add what other distributions bring: the command of this name, or all.

    Raises ConfigurationError if it is a command of takeback-dev, which is not installed.
    """
    from importlib.metadata import entry_points

    found = [each for each in entry_points(group="takeback.commands") if wanted in {None, each.name}]
    if wanted in OF_DEVELOPERS and not found:
        raise ConfigurationError(
            f"`takeback {wanted}` comes with takeback-dev: in a checkout of the repository, run `make demo`"
        )
    for each in found:
        _add(each.name, each.load())


def _add_what_is_asked_for(words: Sequence[str]) -> None:
    """Import the commands that a command line needs: all of them take seconds."""
    first = next((word for word in words if not word.startswith("-")), None)
    here = {command.callback.__name__ for command in app.registered_commands if command.callback}
    if first in ELSEWHERE:
        add(first)
    elif first is None and "--version" not in words:
        for name in ELSEWHERE:
            add(name)
        add_others()
    elif first is not None and first not in here:
        add_others(first)


def main() -> None:
    """The entry point: what the operator can mend is said in one line."""
    try:
        _add_what_is_asked_for(sys.argv[1:])
        app()
    except TakebackError as error:
        code = exit_code(error)
        if code is None:
            raise
        print(f"takeback: {error}", file=sys.stderr)
        sys.exit(code)
