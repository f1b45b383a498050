"""The platforms: whether they answer, and what our accounts may do there."""

from collections.abc import Iterator

from takeback.connectors.api import Examined
from takeback.doctor.model import Finding, Level, Subject


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
        troubles = connector.health()
        for each in troubles:
            yield Finding(Level.FAILING if each.serious else Level.WARNING, f"{name}: {each.words}")
        if not troubles:
            yield Finding(Level.OK, f"{name} answers, and our accounts have the rights that we need.")
