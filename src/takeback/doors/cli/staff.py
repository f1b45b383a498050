"""`takeback staff` and `takeback api-key`: who may come in. Everything else about staff is in the console."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from takeback.app import open_database
from takeback.errors import NotFound, Refused
from takeback.ground import clock
from takeback.ground.config import Settings
from takeback.ground.db.pool import Tx
from takeback.staff import service
from takeback.staff.model import Role

app = typer.Typer(help="Invite people who work here.", no_args_is_help=True)
keys = typer.Typer(help="Keys for the machine API.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="What the person or the key is called.")]


@contextmanager
def _transaction(settings: Settings) -> Iterator[Tx]:
    """A transaction; what is refused is said in one line."""
    try:
        with open_database(settings) as database, database.transaction() as tx:
            yield tx
    except (Refused, NotFound) as error:
        print(f"takeback: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


@app.callback()
def _staff() -> None:
    """Keeps `invite` a command of its own, so that others can stand beside it."""


@app.command()
def invite(
    name: Name,
    role: Annotated[Role, typer.Option(help="What she may do.")] = Role.REVIEWER,
) -> None:
    """Make a one-time link to the console, for a new member of staff or one who lost her way in."""
    settings = Settings()
    with _transaction(settings) as tx:
        token = service.invite(tx, name, role, now=clock.now())
    print(f"{settings.console_url}/welcome/{token}")
    print("It works once, within an hour. Hand it over by a way that you trust.")


@keys.command("create")
def create_key(name: Name) -> None:
    """Make a key; it is shown once."""
    with _transaction(Settings()) as tx:
        key = service.make_api_key(tx, name, by=None, now=clock.now())
    print(key)


@keys.command("revoke")
def revoke_key(name: Name) -> None:
    """End a key."""
    with _transaction(Settings()) as tx:
        service.revoke_api_key(tx, name, by=None, now=clock.now())
    print(f"The key {name} is revoked.")


@keys.command("list")
def list_keys() -> None:
    """List the keys by name; the keys themselves are not kept."""
    with _transaction(Settings()) as tx:
        for key in service.api_keys(tx):
            print(key.name, "revoked" if key.revoked_at else "valid", key.made_at.date().isoformat())
