"""`takeback ledger ...`: check the tamper-evident log, and show what others need to check it too."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from takeback.app import KEYS_FOLDER, open_database
from takeback.errors import TakebackError
from takeback.ground import clock
from takeback.ground.config import Settings
from takeback.ground.ledger import store
from takeback.ground.ledger.check import LedgerReport, Verdict, verify_ledger
from takeback.ground.ledger.keys import read_last_signed, read_verifier
from takeback_verify.errors import VerifyError
from takeback_verify.note import format_verifier_key, parse_verifier_key

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
        verifier = read_verifier(folder) if key is None else parse_verifier_key(key)
        last_signed = read_last_signed(folder)  # before the database is looked at, which may only be further
        with open_database(settings) as database:
            report = verify_ledger(database, verifier, now=clock.now(), last_signed=last_signed)
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
def key() -> None:
    """Print the log's verifier key, for others to check it by."""
    with _or_cannot_check(as_json=False):
        print(format_verifier_key(read_verifier(Settings().data / KEYS_FOLDER)))


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
            "facts": report.facts,
            "erased": report.erased,
            "waiting": report.waiting,
            "oldest_waits_seconds": report.oldest_waits and report.oldest_waits.total_seconds(),
            "steps": [{"number": s.number, "checked": s.checked, "wrong": s.wrong} for s in report.steps],
        }
    )
