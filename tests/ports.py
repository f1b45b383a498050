"""Ports that nobody else listens on."""

import socket
from contextlib import ExitStack


def any_ports() -> dict[str, str]:
    """Free ports, one for each server; not the well-known ones, as scenes of several files start at once."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(3)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        found = [str(probe.getsockname()[1]) for probe in probes]
    return dict(zip(("portal_port", "console_port", "api_port"), found, strict=True))
