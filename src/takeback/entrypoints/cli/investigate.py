"""`takeback investigate`: places of which everything is captured before it is read."""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from takeback.app import open_database, open_sealer
from takeback.errors import ConfigurationError
from takeback.evidence import watching
from takeback.infra import clock
from takeback.infra.config import Settings
from takeback.platforms import read_accounts

app = typer.Typer(
    help="Capture everything in a place as it comes, also what deletes itself within seconds.",
    epilog="Only the recipients in the directory (`takeback keys list`) can open what is captured. A capture "
    "that becomes part of no case is shredded after TAKEBACK_INVESTIGATION_KEEP_DAYS.",
    no_args_is_help=True,
)

Place = Annotated[
    str, typer.Argument(help="Room, channel or group id on the platform, as !abc:chat.example.")
]
Platform = Annotated[
    str | None, typer.Option("--platform", help="Where the place is. Default: the one that is connected.")
]


@app.command()
def start(
    place: Place,
    days: Annotated[int, typer.Option(min=1, max=365, help="For how long.")] = 7,
    platform: Platform = None,
    digests_only: Annotated[
        bool,
        typer.Option(
            "--digests-only",
            help="Seal what is said and the pictures' SHA-256, and no picture: where those shown may be "
            "children, whose pictures nobody may keep.",
        ),
    ] = False,
) -> None:
    """Put a place under investigation, from now on.

    Every picture that is posted there is recorded raw (the platform's answers, the file, who posted it, some
    messages around it), sealed and logged before it is compared with anything. What was posted before is not.
    To change how long it goes on, start it again. A watcher knows of it within a second or two.
    """
    settings = Settings()
    if not open_sealer(settings).keeps:
        raise ConfigurationError(
            "there is nobody to seal evidence to: make the directory of recipients first, "
            "see `takeback keys --help`"
        )
    name, now = platform or _only_platform(settings), clock.now()
    ends_at = now + timedelta(days=days)
    with open_database(settings) as database, database.transaction() as tx:
        watching.investigate(tx, name, place, now, ends_at, suspected_minor=digests_only)
    how = "digests only" if digests_only else "everything"
    print(f"{place} on {name}: {how} is captured until {ends_at:%Y-%m-%d %H:%M} UTC.")


@app.command("list")
def list_all() -> None:
    """List the places under investigation: platform, place, end, and what is captured."""
    with open_database(Settings()) as database, database.transaction() as tx:
        for each in watching.under_investigation(tx, clock.now()):
            how = "digests" if each.suspected_minor else "everything"
            print(each.connector, each.place, f"{each.ends_at:%Y-%m-%dT%H:%MZ}", how)


@app.command()
def stop(place: Place, platform: Platform = None) -> None:
    """End an investigation at once. What was captured stays until its time is over, or with its case.

    Exit code: 1 if the place is under none.
    """
    settings = Settings()
    name = platform or _only_platform(settings)
    with open_database(settings) as database, database.transaction() as tx:
        ended = watching.stop(tx, name, place, clock.now())
    if not ended:
        print(f"takeback: {place} on {name} is under no investigation", file=sys.stderr)
        raise typer.Exit(1)
    print(f"{place} on {name}: nothing more is captured.")


def _only_platform(settings: Settings) -> str:
    """Raises ConfigurationError if there is none, or more than one."""
    accounts = read_accounts(settings.connectors, settings.of_platforms)
    names = [each.account.name for each in accounts]
    if len(names) != 1:
        known = ", ".join(names) or "none is connected"
        raise ConfigurationError(
            f"say with --platform where the place is, as TAKEBACK_CONNECTORS names it ({known})"
        )
    return names[0]
