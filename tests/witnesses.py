"""A real witness for tests: `takeback witness run` as a process of its own."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import waiting
from takeback.entrypoints.witness.folder import Folder, create
from takeback.errors import Unavailable
from takeback.infra.outbound import OutboundClient
from takeback_verify.core.cosignature import CosignerKey


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class WitnessProcess:
    """One witness.

    Args:
        folder: for its keys and what it saw.
        name: its name.
        logs: verifier keys of the logs that it watches.
    """

    def __init__(self, folder: Path, name: str, logs: list[str]) -> None:
        create(folder, name, post_quantum=True)
        for vkey in logs:
            Folder(folder).add_log(vkey)
        self.folder = Folder(folder)
        self._path = folder
        self._port = free_port()

    @property
    def url(self) -> str:
        """Where it answers, while it runs."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def keys(self) -> tuple[CosignerKey, ...]:
        """Ed25519, then ML-DSA-44."""
        return self.folder.public

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The process, which is killed at the end if it is still there."""
        command = [
            "from takeback.entrypoints.cli.main import main; main()",
            "witness",
            "run",
            str(self._path),
        ]
        process = subprocess.Popen([sys.executable, "-c", *command, "--port", str(self._port)])
        try:
            with OutboundClient(self.url) as client:
                waiting.until(lambda: _answers(client), timeout=30)
            yield process
        finally:
            process.kill()
            process.wait()


def _answers(client: OutboundClient) -> bool:
    try:
        return client.get("/").status == 200
    except Unavailable:
        return False
