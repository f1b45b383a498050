"""Those outside whom evidence needs, played on this machine: recipients, a witness, two authorities.

A real service has none of them in its own house: that is what they are for. Here all of them are plainly
called tests, their private keys lie in the demo's folder, and nobody but this demo believes them.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyrage

from takeback.app import AUTHORITIES_FOLDER, KEYS_FOLDER
from takeback.entrypoints.witness.folder import Folder, create
from takeback.errors import TakebackError, Unavailable
from takeback.infra.ledger.keys import Signer
from takeback.infra.outbound import OutboundClient
from takeback.infra.process import PARENT_PIPE
from takeback.infra.vault import keys
from takeback.infra.vault.recipients import DEFAULT_FILE, Directory, Member, Role, Use, save_directory
from takeback.infra.vault.seal import Recipient
from takeback_dev.demo.authority import TestAuthority, openssl
from takeback_verify.core.cosignature import format_cosigner_key
from takeback_verify.core.policy import format_log_key

LAWYER_KEY = "test-lawyer.txt"
"""In the demo's folder: the age identity that opens what is sealed, as a lawyer would keep it elsewhere."""
_AUTHORITIES = ("test-authority-1", "test-authority-2")
_WITNESS = "witness.example/test-witness-of-the-demo"
_PATIENCE = 30.0
"""Seconds that the witness may take to come up."""
_OK = 200


@contextmanager
def start_outside(
    folder: Path, data: Path, origin: str, port: int, say: Callable[[str], None]
) -> Generator[Mapping[str, str]]:
    """Everybody outside, until the end of the block; the settings by which the service knows them.

    Args:
        folder: for their keys; the demo's own.
        data: of the service, which has not been started yet: its log's keys are made, and told the witness.
        origin: the log's name.
        port: on which the witness answers.
        say: told each step.
    """
    _write_recipients(folder, data)
    keys.ensure(data / KEYS_FOLDER)
    signer = Signer(data / KEYS_FOLDER, origin)
    wanted = {"timestamp_every": "1"}
    with ExitStack() as stack:
        say("Starting a test witness of the log ...")
        create(folder / "witness", _WITNESS, post_quantum=True)
        witness = Folder(folder / "witness")
        for key in (signer.verifier, signer.post_quantum):
            witness.add_log(format_log_key(key))
        url = stack.enter_context(_witnessing(folder / "witness", port))
        policy = folder / "witnesses.txt"
        policy.write_text(
            f"witness test {format_cosigner_key(witness.public[0])} {url}\nquorum test\n", encoding="utf-8"
        )
        wanted["witness_policy"] = str(policy)
        program = openssl()
        if program is None:
            say("There is no program openssl here: nothing will be timestamped.")
            yield wanted
            return
        say("Starting two test authorities for timestamps ...")
        roots = data / AUTHORITIES_FOLDER
        roots.mkdir(parents=True, exist_ok=True)
        named = []
        for name in _AUTHORITIES:
            authority = TestAuthority(folder / name, name, program)
            (roots / f"{name}.pem").write_bytes(authority.root)
            named.append(f"{name}={stack.enter_context(authority.serving())}")
        wanted["timestamp_authorities"] = ",".join(named)
        yield wanted


def _write_recipients(folder: Path, data: Path) -> None:
    """A lawyer and a recovery key, whose private halves lie in the demo's folder."""
    lawyer, recovery = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    for name, identity in ((LAWYER_KEY, lawyer), ("test-recovery.txt", recovery)):
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"# a key of the demo; believe nothing that it opens\n{identity}\n")
    data.mkdir(parents=True, exist_ok=True)
    members = (
        Member(Role.LAWYER, "test-lawyer", Recipient(str(lawyer.to_public())), Use.STANDING),
        Member(Role.RECOVERY, "recovery", Recipient(str(recovery.to_public())), Use.STANDING),
    )
    save_directory(data / DEFAULT_FILE, Directory(members))


@contextmanager
def _witnessing(folder: Path, port: int) -> Generator[str]:
    """The address of `takeback witness run`, a process of its own that ends with this one."""
    command = ["from takeback.entrypoints.cli.main import main; main()", "witness", "run", str(folder)]
    process = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
        [sys.executable, "-c", *command, "--port", str(port)],
        env={**os.environ, PARENT_PIPE: "1"},
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the demo
    )
    url = f"http://127.0.0.1:{port}"
    try:
        with OutboundClient(url) as client:
            _wait_until_up(client, process)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _wait_until_up(client: OutboundClient, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            if client.get("/").status == _OK:
                return
        except Unavailable:
            time.sleep(0.05)
    raise TakebackError("the test witness did not come up")
