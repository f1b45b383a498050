"""The demo's evidence package: written as an operator does, and checked as a stranger does."""

import io
from collections.abc import Callable
from pathlib import Path

from takeback.app import open_app
from takeback.dossier import service
from takeback.dossier.trusting import trust_of
from takeback.errors import ConfigurationError
from takeback.ids import CaseId
from takeback.infra.config import Settings
from takeback_verify.core.trust import format_trust, parse_trust
from takeback_verify.core.verdict import verify
from takeback_verify.narration.report import Report, narrate
from takeback_verify.unsealing import parse_identities, unseal_with


def write_package(
    settings: Settings, case: CaseId, to: Path, trust: Path | None, key: Path, say: Callable[[str], None]
) -> Report:
    """Write the package of a case, and the trust file if asked for; what the verifier says of the two.

    Args:
        settings: of the service that runs.
        case: whose evidence.
        to: where the package goes.
        trust: where the trust file goes.
        key: a recipient's age identity, to look into the sealed parts too.
        say: told what is waited for.

    Raises:
        TakebackError: there is none in time; see `dossier.service.write`.
        ConfigurationError: a file cannot be written.
    """
    with open_app(settings) as app:
        written = service.write(app, case, by=None, say=lambda doing: say(f"Waiting for {doing} ..."))
        data = service.blobs_of(app).get(written.blob)
    whom = format_trust(trust_of(settings))
    try:
        to.write_bytes(data)
        if trust is not None:
            trust.write_bytes(whom)
        identity = key.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(f"cannot write the package, or read its key: {error}") from error
    return narrate(verify(io.BytesIO(data), parse_trust(whom), unseal_with(parse_identities(identity))))
