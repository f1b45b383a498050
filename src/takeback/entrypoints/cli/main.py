"""`takeback`: what an operator types.

Each part of the service runs as `python -m takeback.entrypoints.NAME` in a process that holds only that
part's code; the commands here become that process. Commands import what they need when they run, so that
`takeback --help` answers at once.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

import typer

from takeback.errors import TakebackError, exit_code

app = typer.Typer(
    help="Recognise, take down and keep down intimate images shared without consent, and prove it.",
    epilog="Settings are environment variables, TAKEBACK_...: `takeback settings` lists them. "
    "`takeback demo` shows the whole way on this machine. "
    "Exit codes: 78, mend the settings or keys; 75, try again, what is needed does not answer yet; "
    "2, the command was typed wrongly.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


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


def _become(door: str) -> None:
    os.execv(sys.executable, [sys.executable, "-m", f"takeback.entrypoints.{door}"])  # noqa: S606 - our own module


@app.command()
def portal() -> None:
    """Run the public portal alone: the pages where people report, and ask how it stands."""
    _become("portal")


@app.command()
def console() -> None:
    """Run the staff's console alone."""
    _become("console")


@app.command()
def api() -> None:
    """Run the machine API alone: check a picture or a hash, health, metrics."""
    _become("api")


@app.command()
def worker() -> None:
    """Run the background worker alone: jobs, clocks, incoming reports, the ledger's sequencer."""
    _become("worker")


@app.command()
def watch() -> None:
    """Run a watcher alone: read what passes on the connected platforms."""
    _become("watcher")


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
    "demo": "demo.command",
    "backfill": "backfill",
    "doctor": "doctor",
    "dossier": "dossier",
    "match": "match",
    "review": "review",
    "bench": "bench",
    "investigate": "investigate",
    "keys": "keys",
    "ledger": "ledger",
    "staff": "staff",
    "api-key": "staff",
    "well-known": "well_known",
    "witness": "witness",
}
"""In which module of this folder a command is that is not in this file."""


def add(name: str) -> None:
    """Add a command of `ELSEWHERE`: its module's `app`, or else its function of that name."""
    module = import_module(f"takeback.entrypoints.cli.{ELSEWHERE[name]}")
    group = module.keys if name == "api-key" else getattr(module, "app", None)
    if group is None:
        app.command(name)(getattr(module, name))
    else:
        app.add_typer(group, name=name)


def _asked_for(words: Sequence[str]) -> Iterable[str]:
    """What of `ELSEWHERE` must be imported to answer a command line: all of it takes seconds."""
    first = next((word for word in words if not word.startswith("-")), None)
    if first in ELSEWHERE:
        return [first]
    here = {command.callback.__name__ for command in app.registered_commands if command.callback}
    return [] if first in here else ELSEWHERE


def main() -> None:
    """The entry point: what the operator can mend is said in one line."""
    for name in _asked_for(sys.argv[1:]):
        add(name)
    try:
        app()
    except TakebackError as error:
        code = exit_code(error)
        if code is None:
            raise
        print(f"takeback: {error}", file=sys.stderr)
        sys.exit(code)
