"""The accounts on platforms: whether they answer, and what they may do there."""

from collections.abc import Iterator

from takeback.connectors.api import Connector, Examined, abilities
from takeback.connectors.archive import PREFIX
from takeback.doctor.model import Finding, Level, Subject
from takeback.infra.settings_form import platform_names
from takeback.sightings import leases


def look_at_platforms(subject: Subject) -> Iterator[Finding]:
    """Ask each connector that can tell."""
    connectors = subject.connectors
    if not connectors:
        known = ", ".join(platform_names())
        yield Finding(
            Level.WARNING,
            "No platform is connected: nothing is watched.",
            f"Set TAKEBACK_CONNECTORS to an account on one of: {known}.",
        )
    elif subject.settings.connectors is None:
        yield Finding(
            Level.WARNING,
            "TAKEBACK_CONNECTORS is not set; an account is connected by its own settings, as before.",
            f"Set TAKEBACK_CONNECTORS={' '.join(connectors)}.",
        )
    with subject.database.transaction() as tx:
        left = leases.watched(tx) - connectors.keys()
    for name in sorted(each for each in left if not each.startswith(PREFIX)):
        yield Finding(
            Level.WARNING,
            f"{name} was watched and is not connected: nothing is looked at or removed there.",
            "Name it in TAKEBACK_CONNECTORS.",
        )
    for name, connector in connectors.items():
        yield from _findings(name, connector)


def _findings(name: str, connector: Connector) -> Iterator[Finding]:
    troubles = connector.health() if isinstance(connector, Examined) else ()
    for each in troubles:
        yield Finding(Level.FAILING if each.serious else Level.WARNING, f"{name}: {each.words}")
    if not troubles:
        well = "answers, and our accounts have the rights that we need"
        said = well if isinstance(connector, Examined) else "is connected; it cannot be asked about rights"
        yield Finding(Level.OK, f"{name} {said}. It offers: {', '.join(abilities(connector))}.")
