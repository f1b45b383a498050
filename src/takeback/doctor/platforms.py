"""The platforms: whether they answer, and what our accounts may do there."""

from collections.abc import Iterator

from takeback.connectors.api import Examined
from takeback.doctor.model import Finding, Level, Subject
from takeback.errors import PlatformError


def look_at_platforms(subject: Subject) -> Iterator[Finding]:
    """Ask each connector that can tell."""
    if not subject.connectors:
        yield Finding(
            Level.WARNING,
            "No platform is connected: nothing is watched.",
            "Set TAKEBACK_MATRIX_URL and its tokens.",
        )
    for name, connector in subject.connectors.items():
        if not isinstance(connector, Examined):
            yield Finding(Level.OK, f"{name} is connected; it cannot be asked about rights.")
            continue
        try:
            wrong = connector.examine()
        except PlatformError as error:
            yield Finding(
                Level.FAILING, f"{name} does not answer: {error}.", "See whether it runs and is reachable."
            )
            continue
        for sentence in wrong:
            yield Finding(
                Level.FAILING, f"{name}: {sentence}", "Give the account this right, or another token."
            )
        if not wrong:
            yield Finding(Level.OK, f"{name} answers, and our accounts have the rights that we need.")
