"""`takeback ledger ...`: check the tamper-evident log, and show what others need to check it too."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from takeback.app import KEYS_FOLDER, open_database
from takeback.errors import ConfigurationError, TakebackError
from takeback.ids import EventId
from takeback.infra import clock
from takeback.infra.config import Settings
from takeback.infra.ledger import store
from takeback.infra.ledger.check import LedgerReport, Verdict, verify_ledger
from takeback.infra.ledger.export import export as export_log
from takeback.infra.ledger.keys import read_last_signed, read_verifiers
from takeback.infra.ledger.proofs import place_of
from takeback.infra.ledger.proofs import receipt as receipt_of
from takeback.infra.ledger.status import how_it_stands
from takeback.infra.ledger.witnesses import load_policy
from takeback.keyring import service as keyring
from takeback_verify.core.cosignature import format_cosigner_key
from takeback_verify.core.errors import VerifyError
from takeback_verify.core.note import format_verifier_key, parse_verifier_key
from takeback_verify.core.policy import Policy
from takeback_verify.core.policy_text import format_policy
from takeback_verify.core.tlog_proof import format_tlog_proof

INVALID = 1
CANNOT_CHECK = 2

app = typer.Typer(help="The tamper-evident log.", no_args_is_help=True)


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    key: Annotated[
        str | None,
        typer.Option(help="The log's verifier key, from a source you trust; default: the one kept here."),
    ] = None,
) -> None:
    """Recompute the whole log. Exit 0: VALID, 1: INVALID, 2: it could not be checked."""
    with _or_cannot_check(as_json):
        settings = Settings()
        folder = settings.data / KEYS_FOLDER
        verifier, second = read_verifiers(folder) if key is None else (parse_verifier_key(key), None)
        last_signed = read_last_signed(folder)  # before the database is looked at, which may only be further
        with open_database(settings) as database:
            report = verify_ledger(
                database, verifier, now=clock.now(), last_signed=last_signed, second=second
            )
        print(_line(report) if as_json else _page(report))
    if report.verdict is not Verdict.VALID:
        raise typer.Exit(INVALID)


@app.command()
def show() -> None:
    """Print the last signed checkpoint, as others may keep it."""
    with _or_cannot_check(as_json=False), open_database(Settings()) as database, database.transaction() as tx:
        stored = store.last_checkpoint(tx)
    if stored is None:
        print("The log is empty; nothing is signed yet.")
    else:
        print(stored.note, end="")


@app.command()
def key(
    post_quantum: Annotated[
        bool, typer.Option("--post-quantum", help="Print the ML-DSA-44 key (type 6) in place of Ed25519's.")
    ] = False,
) -> None:
    """Print the log's verifier key, for others to check it by."""
    with _or_cannot_check(as_json=False):
        first, second = read_verifiers(Settings().data / KEYS_FOLDER)
        if not post_quantum:
            print(format_verifier_key(first))
        elif second is None:
            raise ConfigurationError("the log was not started since it got a second key")
        else:
            print(format_cosigner_key(second))


@app.command()
def policy() -> None:
    """Print whom to trust for this log, as a C2SP tlog-policy: its keys, its witnesses and their quorum.

    Others should get it from somewhere else than a package that they want to check.
    """
    with _or_cannot_check(as_json=False):
        print(format_policy(_policy(Settings())), end="")


@app.command()
def status() -> None:
    """Print how far the log is signed, witnessed and timestamped. Exit 1 if one who vouches for it fails."""
    with _or_cannot_check(as_json=False):
        settings = Settings()
        with open_database(settings) as database, database.transaction() as tx:
            report = how_it_stands(tx, _policy(settings), clock.now())
        print("\n".join(report.lines))
    if not report.well:
        raise typer.Exit(INVALID)


@app.command()
def succeed() -> None:
    """Begin a new log where the old key signed what this database does not hold, or the key is lost.

    Stop the service and set TAKEBACK_LEDGER_ORIGIN to a name that no log had first. The new log's first entry
    commits to the old one; all of its entries follow. Said again after a crash, it goes on.
    """
    settings = Settings()
    folder = settings.data / KEYS_FOLDER
    with open_database(settings) as database:
        begun = keyring.succeed(database, folder, settings.ledger_origin, clock.now())
    print(f"The log {settings.ledger_origin} begins with {begun.size} entries.")
    print(f"Back up its keys in {folder}. Give its verifier key (`takeback ledger key`) to the witnesses,")
    print("and a new trust file (`takeback dossier --trust FILE`) to whoever checks packages from now on.")
    print("Earlier packages verify by the trust file of the old log.")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to publish; made if it is not there.")],
) -> None:
    """Write the log as static files (C2SP tlog-tiles) that any web server can publish; again, to write on."""
    with _or_cannot_check(as_json=False), open_database(Settings()) as database:
        print(f"{export_log(database, folder)} entries")


@app.command()
def prove(
    number: Annotated[int, typer.Argument(help="Place of the entry in the log, from 0.")],
    event: Annotated[bool, typer.Option("--event", help="NUMBER is an event's, not a place.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="File to write. Default: PLACE.tlog-proof, in this folder.")
    ] = None,
) -> None:
    """Write a receipt (C2SP tlog-proof): proof that an entry is in the log, for ever and without network.

    It is made for the largest checkpoint that the witnesses' quorum has cosigned. The leaf is in it as extra
    data.
    """
    with _or_cannot_check(as_json=False):
        settings = Settings()
        with open_database(settings) as database, database.transaction() as tx:
            index = place_of(tx, EventId(number)) if event else number
            receipt = receipt_of(tx, index, _policy(settings))
        path = out or Path(f"{index}.tlog-proof")
        path.write_bytes(format_tlog_proof(receipt))
        print(path)


def _policy(settings: Settings) -> Policy:
    return load_policy(settings.witness_policy, read_verifiers(settings.data / KEYS_FOLDER))


@contextmanager
def _or_cannot_check(as_json: bool) -> Generator[None]:
    """Whatever goes wrong is not to be mistaken for INVALID."""
    try:
        yield
    except Exception as error:
        known = isinstance(error, TakebackError | VerifyError)
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        if as_json:
            print(json.dumps({"result": "CANNOT CHECK", "reason": reason}))
        else:
            Console(stderr=True).print("CANNOT CHECK:", reason, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(CANNOT_CHECK) from error


def _page(report: LedgerReport) -> str:
    """The report for a person."""
    lines = [report.verdict.value, f"{report.size} entries, root {report.root.hex()}"]
    if report.oldest_waits is not None:
        seconds = report.oldest_waits.total_seconds()
        lines.append(f"{report.waiting} more entries wait for their place, the oldest for {seconds:.1f} s")
    for step in report.steps:
        lines.append(f"{step.number}. {'no ' if step.wrong else 'yes'} {step.checked}")
        lines += [f"       {sentence}" for sentence in step.wrong]
    return "\n".join(lines)


def _line(report: LedgerReport) -> str:
    """The report for a program."""
    return json.dumps(
        {
            "result": report.verdict.value,
            "size": report.size,
            "root": report.root.hex(),
            "checkpoints": report.checkpoints,
            "events": report.events,
            "erased": report.erased,
            "waiting": report.waiting,
            "oldest_waits_seconds": report.oldest_waits and report.oldest_waits.total_seconds(),
            "steps": [{"number": s.number, "checked": s.checked, "wrong": s.wrong} for s in report.steps],
        }
    )
