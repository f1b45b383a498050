"""`takeback dossier`: put a case's evidence together, as one package that proves itself."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from rich.console import Console

from takeback.app import open_app
from takeback.dossier import service
from takeback.dossier.trusting import trust_of
from takeback.errors import ConfigurationError, NotReady, TakebackError
from takeback.ids import CaseId
from takeback.infra import files
from takeback.infra.config import Settings
from takeback.zones import zone_of
from takeback_verify.core.errors import VerifyError
from takeback_verify.core.package import FOLDER
from takeback_verify.core.trust import format_trust

CANNOT = 2
"""Exit code when there is no package."""


def dossier(
    case: Annotated[
        UUID | None,
        typer.Argument(help="The case's id, as the console's address shows it.", show_default=False),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="Where the package goes; default: takeback-dossier-ID.zip here.", dir_okay=False),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            help="Also write the trust file of this log there; without a case, only that.", dir_okay=False
        ),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            help="Zone whose times stand beside those in UTC, as Asia/Seoul; default: TAKEBACK_TIME_ZONE.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Put a case's evidence together: one zip that anybody can check without us, and without network.

    It holds what was captured (sealed to the recipients; nobody here can open it), what happened to it, every
    access, certificates as drafts for a lawyer, and the proofs: of the log, its witnesses and its timestamps.
    It waits until those have come, so a worker must be running. If it ends before, say the same again: it
    goes on with the package that is under way. That it was asked for is recorded, and part of the package.

    The trust file names the log's keys, its witnesses and its authorities. Whoever checks the package needs
    it, by another way than the package: publish it, or hand it to the court yourself.

    Check it: takeback-verify takeback-dossier-ID.zip --trust trust.json
    """
    if case is None and trust is None:
        raise typer.BadParameter("name a case, or --trust FILE, or both")
    if time_zone is not None:
        try:
            zone_of(time_zone)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    settings, errors = Settings(), Console(stderr=True)
    try:
        if trust is not None:
            _put(trust, [format_trust(trust_of(settings))])
        if case is not None:
            print(_write(settings, CaseId(case), to, time_zone, errors))
    except (ConfigurationError, NotReady):
        raise
    except (TakebackError, VerifyError) as error:
        _end(errors, str(error))


def _write(settings: Settings, case: CaseId, to: Path | None, time_zone: str | None, errors: Console) -> Path:
    with open_app(settings) as app:
        written = service.write(
            app,
            case,
            by=None,
            time_zone=time_zone,
            say=lambda doing: errors.print(f"Waiting for {doing} ...", highlight=False),
        )
        path = to or Path(f"{FOLDER}{written.dossier}.zip")
        _put(path, service.pieces(app, written))
    return path


def _put(path: Path, pieces: Iterable[bytes]) -> None:
    """A file that is there whole or not at all, for its owner only. Raises ConfigurationError."""
    try:
        files.replace(path, pieces)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error


def _end(errors: Console, reason: str) -> NoReturn:
    errors.print("There is no package:", reason, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(CANNOT)
