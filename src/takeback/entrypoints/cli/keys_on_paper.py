"""`takeback keys make`, `takeback keys split`, `takeback keys combine`: private keys, and pages to print.

These run on the holder's own computer, best one without network; the service's machine never needs a private
key of a recipient. Secrets come from files and from the keyboard, never from the command line, which other
users of a machine can read.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from takeback.errors import ConfigurationError
from takeback.infra import clock
from takeback.infra.vault.keys import write_secret
from takeback.infra.vault.recipients import Member, Role, Use, check_member, fingerprint, format_member
from takeback.infra.vault.seal import Recipient
from takeback.infra.vault.sealing import Identity
from takeback.infra.vault.shares import MADE, NEEDED, RecoveryShare, new_identity, parse_share
from takeback.infra.vault.shares import combine as combine_shares
from takeback.infra.vault.shares import public_key as public_key_of
from takeback.infra.vault.shares import split as split_identity

RECOVERY = "recovery"
"""The recovery key's name in the directory, unless another is given."""

Folder = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Where the files go; best in memory, as /dev/shm/keys.")
]


def make(
    name: Annotated[str, typer.Argument(metavar="NAME", help="In a-z, 0-9, dots and hyphens.")],
    role: Annotated[Role, typer.Option(metavar="ROLE", help=f"{', '.join(Role)}.")],
    to: Folder = Path(),
) -> None:
    """Make a key for somebody who shall be able to open evidence, with a page to print.

    Run this on the holder's computer, not on the service's. It writes NAME.key (the private key, as age
    reads it) and NAME.pdf (the same on a page), both readable by you only, and prints the public line for
    whoever runs the service. Print the page, put it away, and delete what you do not need on the disk.

    Nothing is written over.
    """
    identity = new_identity()
    line = _line(role, name, public_key_of(identity))
    from takeback.infra.vault.sheets import identity_sheet

    page = identity_sheet(name, role, identity, clock.now().date())
    _write({to / f"{name}.key": f"{identity}\n".encode(), to / f"{name}.pdf": page})
    _tell(role, name, line)


def split(
    identity: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A key that exists already. Default: a new one, kept nowhere."),
    ] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="In the directory.")] = RECOVERY,
    to: Folder = Path(),
) -> None:
    """Make the recovery key on three sheets of paper, any two of which open everything.

    It writes NAME-share-1.pdf to NAME-share-3.pdf, readable by you only, and prints the public line for
    whoever runs the service. The key itself is written nowhere. Print each sheet, give each to another
    person in another place, and delete the files. Then try two of them: `takeback keys combine`.

    Splitting again gives other shares, which do not fit together with the first: keep sets apart by their
    number. Nothing is written over.
    """
    from takeback.infra.vault.sheets import share_sheet

    private = new_identity() if identity is None else read_identity(identity)
    key = public_key_of(private)
    line = _line(Role.RECOVERY, name, key)
    today = clock.now().date()
    shares = split_identity(private)
    _write({to / f"{name}-share-{each.number}.pdf": share_sheet(each, key, today) for each in shares})
    print(f"Set {shares[0].set_number}: {MADE} shares, any {NEEDED} of which make the key.")
    _tell(Role.RECOVERY, name, line)


def combine(
    to: Annotated[Path, typer.Option(metavar="FILE", help="Where the private key goes.")],
    share: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A share as text, as its code reads; given twice. Default: typed."),
    ] = None,
) -> None:
    """Make the recovery key again from two of its shares.

    Run this on a computer without network, with two holders there. Type the words of each sheet in their
    order, in one line: numbers do not matter, and the first four letters of a word are enough. A word that
    is in no share is named; a line that does not fit is asked for again. The key goes to a file readable by
    you only, as age reads it; delete it when you have opened what was needed.

    Exit code: 0 when the key was made; 2 when the shares do not fit, or the file is there already.
    """
    _refuse_to_write_over([to])
    shares = [_read_share(path) for path in share] if share else _typed()
    try:
        identity = combine_shares(shares)
    except ValueError as error:
        raise ConfigurationError(f"no key: {error}") from error
    _write({to: f"{identity}\n".encode()})
    print(f"It must be the key that the sheets say they open: {fingerprint(public_key_of(identity))}")


def read_identity(path: Path) -> Identity:
    """A private key from a file as age-keygen or `keys make` writes it. Raises ConfigurationError."""
    try:
        lines = path.read_bytes().decode("ascii").splitlines()
        [line] = [each.strip() for each in lines if each.strip() and not each.startswith("#")]
        public_key_of(Identity(line))
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} does not hold one age private key") from error
    return Identity(line)


def _read_share(path: Path) -> RecoveryShare:
    try:
        return parse_share(path.read_bytes().decode("ascii"))
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _typed() -> list[RecoveryShare]:
    """Two shares from the keyboard; one that does not fit is asked for again."""
    shares: list[RecoveryShare] = []
    while len(shares) < NEEDED:
        text = typer.prompt(f"The words of {'one' if not shares else 'another'} sheet, in one line")
        try:
            share = _fitting(parse_share(text), shares)
        except ValueError as error:
            typer.echo(f"Not this: {error}.", err=True)
        else:
            shares.append(share)
            typer.echo(f"Share {share.number} of set {share.set_number} is right.")
    return shares


def _fitting(share: RecoveryShare, before: Sequence[RecoveryShare]) -> RecoveryShare:
    """A share that goes with those before. Raises ValueError."""
    for each in before:
        if share.set_number != each.set_number:
            raise ValueError(f"it is of set {share.set_number}, the first of set {each.set_number}")
        if share.number == each.number:
            raise ValueError("it is the same share again")
    return share


def _line(role: Role, name: str, key: Recipient) -> str:
    """The directory's line. Raises ConfigurationError for a name that it would refuse."""
    member = Member(role, name, key, Use.STANDING)
    try:
        check_member(member)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return format_member(member)


def _write(files: Mapping[Path, bytes]) -> None:
    """Secrets to files, none of which is there. Raises ConfigurationError."""
    _refuse_to_write_over(files)
    for path, content in files.items():
        write_secret(path, content)
        print(f"Written, for you only: {path}")


def _refuse_to_write_over(files: Iterable[Path]) -> None:
    """Before anything is written, or typed. Raises ConfigurationError."""
    for path in files:
        if path.exists():
            raise ConfigurationError(f"{path} is there already and is not written over")


def _tell(role: Role, name: str, line: str) -> None:
    key = line.split(" ")[2]
    print(f"For the directory of recipients: {line}")
    print(f"or, on the service's machine: takeback keys add {role} {name} {key}")
    print(f"Fingerprint, to compare by telephone: {fingerprint(Recipient(key))}")
