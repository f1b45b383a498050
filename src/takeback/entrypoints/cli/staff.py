"""`takeback staff` and `takeback api-key`: who may come in. Everything else about staff is in the console."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import typer

from takeback.app import open_database
from takeback.errors import NotFound, Refused
from takeback.infra import clock
from takeback.infra.config import Settings
from takeback.infra.db.pool import Tx
from takeback.staff import requests, service
from takeback.staff.model import Role

app = typer.Typer(help="Invite people who work here.", no_args_is_help=True)
keys = typer.Typer(help="Keys for the machine API.", no_args_is_help=True)

SHORTEST = 8
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


@app.command("requests")
def list_requests() -> None:
    """List what administrators asked for accounts, and who can approve it."""
    now = clock.now()
    with _transaction(Settings()) as tx:
        names = {member.id: member.name for member in service.team(tx)}
        for each in requests.waiting(tx, now=now):
            able = ", ".join(member.name for member in requests.seconds(tx, each, now=now))
            asker = names.get(each.asked_by, "?") if each.asked_by else "the operator"
            print(each.id, each.change.value, each.name, f"asked by {asker}", f"for {able or 'the operator'}")


Wanted = Annotated[str, typer.Argument(help="The request's id, or its first eight digits.")]


@app.command()
def approve(request: Wanted) -> None:
    """Agree to what the only administrator asked. Refused where a second one can agree."""
    settings, now = Settings(), clock.now()
    with _transaction(settings) as tx:
        done, token = requests.approve(tx, _request(tx, request), by=None, now=now)
    print(f"Done: {done.change.value} of {done.name}.")
    if token:
        print(f"{settings.console_url}/welcome/{token}")
        print("It works once, within an hour, with the code that the administrator hands over.")


@app.command()
def refuse(request: Wanted) -> None:
    """Stop what an administrator asked."""
    with _transaction(Settings()) as tx:
        requests.refuse(tx, _request(tx, request), by=None, now=clock.now())
    print("Stopped.")


@app.command()
def enable(name: Name) -> None:
    """Open an account that an administrator closed."""
    with _transaction(Settings()) as tx:
        found = next((each for each in service.team(tx) if each.name.casefold() == name.casefold()), None)
        if found is None:
            raise NotFound("there is no such account")
        requests.enable(tx, found.id, by=None, now=clock.now())
    print(f"{found.name} is enabled.")


def _request(tx: Tx, wanted: str) -> UUID:
    found = [each.id for each in requests.waiting(tx, now=clock.now()) if str(each.id).startswith(wanted)]
    if len(wanted) < SHORTEST or len(found) != 1:
        raise NotFound("there is no such request, or more than one; see: takeback staff requests")
    return found[0]


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
