"""`takeback keys ...`: who can open evidence. The directory is here, private keys in `keys_on_paper`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from takeback.app import keys_folder, open_database
from takeback.entrypoints.cli import keys_on_paper
from takeback.errors import ConfigurationError
from takeback.evidence import kept
from takeback.ids import CaseId
from takeback.infra.config import Settings
from takeback.infra.vault.exhibit_key import make_key, open_key
from takeback.infra.vault.recipients import (
    Directory,
    Member,
    Role,
    Use,
    add,
    directory_path,
    fingerprint,
    for_cases_too,
    format_member,
    load_directory,
    recipients_of,
    retire,
    rotate,
    save_directory,
)
from takeback.infra.vault.seal import Recipient
from takeback.infra.vault.shares import public_key
from takeback.keyring import service as keyring

WRONG = 1

app = typer.Typer(
    help="Who can open evidence: the directory of recipients, their keys, and the recovery key on paper.\n\n"
    "What is captured is sealed to people, never to this service: it holds no key that opens it. Each "
    "recipient makes a key (`takeback keys make`) on a computer of their own and gives you its public line, "
    "which you add (`takeback keys add`). For the day on which all of them are lost, `takeback keys split` "
    "makes a recovery key on three sheets of paper, two of which open everything.",
    no_args_is_help=True,
)
app.command()(keys_on_paper.make)
app.command()(keys_on_paper.split)
app.command()(keys_on_paper.combine)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As in the directory; nobody's real name.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The public key, age1...")]


@app.command(name="give-up")
def give_up(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Of the folder `keys`, as staff.key.")],
) -> None:
    """Accept that one of the service's own keys is lost for good; the next start makes a new one.

    What the old one opened stays closed. Of the log's keys: `takeback ledger succeed`.
    """
    settings = Settings()
    with open_database(settings) as database, database.transaction() as tx:
        keyring.give_up(tx, keys_folder(settings), file)
    print(f"The next start makes a new {file}. Keep a copy of it.")


@app.command(name="list")
def list_() -> None:
    """Show the directory: role, name, what is sealed to the key, and the key's fingerprint.

    Two people who read the fingerprint to each other by telephone know that they mean the same key.
    """
    directory = load_directory(directory_path(Settings()))
    rows = [(each.role, each.name, _use(each), fingerprint(each.key)) for each in directory.members]
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(3)]
    for row in rows:
        print("  ".join((*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3])))


@app.command(name="add")
def add_(
    role: Annotated[Role, typer.Argument(metavar="ROLE", help=f"{', '.join(Role)}.")],
    name: Name,
    key: Key,
    case: Annotated[
        list[UUID] | None,
        typer.Option(metavar="CASE", help="Only for this case; may be given again. Default: for all."),
    ] = None,
) -> None:
    """Seal to somebody what is captured from now on.

    Compare the key's fingerprint with its holder first, by a way other than the one the key came by.
    Reviewers get working copies only, never evidence. A holder for single cases (--case) who is there
    already gets these cases, too. What was captured before is not sealed again: whoever can open it hands it
    on.
    """
    cases = tuple(CaseId(each) for each in sorted(set(case or ())))
    member = Member(role, name, Recipient(key), Use.CASES if cases else Use.STANDING, cases)

    def change(directory: Directory) -> Directory:
        there = [each for each in directory.members if (each.role, each.name, each.key) == (role, name, key)]
        known = any(each.use is Use.CASES for each in there)
        return for_cases_too(directory, name, cases) if known and cases else add(directory, member)

    _change(change, empty=Directory())
    print(f"Captured from now on is sealed to {name}: {fingerprint(member.key)}")


@app.command(name="rotate")
def rotate_(name: Name, key: Key) -> None:
    """Give somebody a new key for what is captured from now on.

    The old key stays listed as retired and must be kept: what was sealed to it opens with nothing else of
    theirs. Rotate when a key was lost or seen, or its holder changes.
    """
    _change(lambda directory: rotate(directory, name, Recipient(key)))
    print(f"Captured from now on is sealed to {name}'s new key: {fingerprint(Recipient(key))}")
    print("Keep the old one: what was captured before is sealed to it.")


@app.command(name="retire")
def retire_(name: Name) -> None:
    """Seal nothing more to somebody's key. What was sealed to it before stays so."""
    _change(lambda directory: retire(directory, name))
    print(f"Nothing is sealed to {name} from now on.")


@app.command()
def stop_evidence(
    reason: Annotated[str, typer.Argument(metavar="REASON", help="Why, for the log.")],
) -> None:
    """Keep no evidence any more: for good, and recorded in the log.

    Once evidence was kept, a directory of recipients that is missing or broken stops captures, and removals
    with them, until it is mended. This says instead that none is kept: what waits goes on, and each post
    gets a `capture_failed`. A directory that can be read again ends it.
    """
    if not reason.strip():
        raise ConfigurationError("say why evidence is given up")
    with open_database(Settings()) as database, database.transaction() as tx:
        kept.give_up(tx, reason.strip())
    print("No evidence is kept from now on. The log says so.")


@app.command()
def check(
    identity: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A private key: say whose it is, and try whether it opens."),
    ] = None,
) -> None:
    """Say whether evidence can be sealed, and opened again.

    Looks that the directory is well formed, that a recovery key is in use and somebody besides it, and seals
    a trial to all of them. With --identity (on the holder's computer, with a copy of the directory) it opens
    that trial: do so once a year, also with the recovery key.

    Exit code: 0 when all is well; 1 when something is wrong, which is said; 78 when there is no directory.
    """
    path = directory_path(Settings())
    if not path.exists():
        raise ConfigurationError(f"there is no directory of recipients {path}; `takeback keys add` makes it")
    try:
        directory = load_directory(path)
        sealed = make_key(recipients_of(directory)).sealed
        if identity is not None:
            print(_tried(directory, sealed, identity))
        print(_as_text(directory))
    except (ConfigurationError, ValueError) as error:
        print(f"WRONG: {error}")
        raise typer.Exit(WRONG) from error


def _as_text(directory: Directory) -> str:
    """Name who can open, in a sentence. Raises ValueError if it is nobody but the recovery key."""
    always = [each for each in directory.members if each.use is Use.STANDING]
    people = [each.name for each in always if each.role not in (Role.RECOVERY, Role.REVIEWERS)]
    if not people:
        raise ValueError("only the recovery key would open evidence; add a lawyer, a court or another holder")
    return f"Well: evidence is sealed to {', '.join(people)} and the recovery key."


def _tried(directory: Directory, sealed: bytes, identity: Path) -> str:
    """Return the owner of a key that opens. Raises ConfigurationError, ValueError."""
    private = keys_on_paper.read_identity(identity)
    key = public_key(private)
    found = [each for each in directory.members if each.key == key]
    if not found:
        raise ValueError(f"{identity} is the key {fingerprint(key)}, which is nobody's in the directory")
    if found[0].use is Use.STANDING and found[0].role is not Role.REVIEWERS:
        open_key([private], sealed)
        return f"{identity} is {found[0].name}'s key, and opens what is sealed now."
    return f"{identity} is {found[0].name}'s key ({_use(found[0])}, {found[0].role})."


def _use(member: Member) -> str:
    return format_member(member).rpartition(" ")[2]


def _change(change: Callable[[Directory], Directory], *, empty: Directory | None = None) -> None:
    """Change the directory's file."""
    path = directory_path(Settings())
    before = empty if empty is not None and not path.exists() else load_directory(path)
    try:
        save_directory(path, change(before))
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
