"""A real Matrix server on this machine: what the demo shows and the tests prove their point on.

Synapse lives in a virtual environment of its own, installed from its own lock file, because it brings sixty
packages that the project itself must not depend on. It listens on loopback only, talks to no other server
and keeps everything in one folder (a tmpfs makes it four times faster). Its limits are set far away, since
the demo's crowd posts faster than people do.
"""

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from takeback.errors import ConfigurationError, PlatformError, Unavailable
from takeback.infra.outbound import OutboundClient, Timeouts
from takeback_dev.demo.chat import ChatUser

SERVER_NAME = "demo.invalid"
READY_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02
START_ATTEMPTS = 3
OK = 200

_WITHOUT_LIMIT = {"per_second": 10000, "burst_count": 10000}


def ensure_installed(cache: Path, lock: Path, say: Callable[[str], None]) -> Path:
    """The Python of an environment with Synapse in it, made on the first call and when `lock` changes.

    Args:
        cache: the folder that gets a folder `synapse`; two processes may ask at once.
        lock: requirements with hashes.
        say: told what takes time.

    Raises:
        ConfigurationError: pip failed; the text has its last lines.
    """
    home = cache / "synapse"
    python = home / "bin" / "python"
    installed = home / "installed-from"
    digest = (
        f"{hashlib.sha256(lock.read_bytes()).hexdigest()} python{sys.version_info[0]}.{sys.version_info[1]}"
    )
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "synapse.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if installed.is_file() and installed.read_text() == digest and python.exists():
            return python
        say("installing Synapse, the chat server, for itself (once; about half a minute) ...")
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True, symlinks=True)
        command = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own lock file
            [python, *command, "--require-hashes", "--no-deps", "-r", lock],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            last = "\n".join(done.stderr.strip().splitlines()[-8:])
            raise ConfigurationError(f"Synapse could not be installed from {lock.name}; pip said:\n{last}")
        installed.write_text(digest)
    say("Synapse is installed.")
    return python


class Synapse:
    """One homeserver in one folder; the same folder gives the same server again, on the same port.

    Args:
        python: from `ensure_installed`.
        folder: for its database, media, configuration and log.
        allow_guests: whether people without an account may look into world-readable rooms.
        publishes: whether rooms may be listed in the directory; a stock Synapse lets nobody do so.
    """

    def __init__(
        self, python: Path, folder: Path, *, allow_guests: bool = False, publishes: bool = True
    ) -> None:
        self._python = python
        self._folder = folder
        self._allow_guests = allow_guests
        self._publishes = publishes
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._secret = ""

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def origin(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start, and wait until it answers. Raises Unavailable with the end of its log if it does not."""
        if self._process is not None and self._process.poll() is None:
            return
        settings = self._folder / "homeserver.yaml"
        fresh = not settings.exists()
        for attempt in range(START_ATTEMPTS):
            if fresh:
                self._folder.mkdir(parents=True, exist_ok=True)
                _write_private(
                    settings,
                    _configuration(
                        self._folder,
                        _free_port(),
                        allow_guests=self._allow_guests,
                        publishes=self._publishes,
                    ),
                )
            known = json.loads(settings.read_text())
            self._port = known["listeners"][0]["port"]
            self._secret = known["registration_shared_secret"]
            try:
                self._launch(settings)
            except Unavailable:
                # Between finding a free port and listening on it, somebody else may have taken it.
                if not fresh or attempt == START_ATTEMPTS - 1:
                    raise
            else:
                return

    def stop(self) -> None:
        """End it in good order."""
        self._end("terminate")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end("kill")

    def restart(self) -> None:
        """Stop if it runs, and start again: same folder, same port, same accounts."""
        self.stop()
        self.start()

    def register(self, name: str, *, password: str | None = None, admin: bool = False) -> str:
        """Make an account with the shared secret; its access token.

        Raises:
            PlatformError: the name is taken.
        """
        with self.user(name, password=password, admin=admin) as user:
            return user.token

    def user(self, name: str, *, password: str | None = None, admin: bool = False) -> ChatUser:
        """Make an account and sign it in. Raises PlatformError if the name is taken."""
        where = "/_synapse/admin/v1/register"
        chosen = password or secrets.token_urlsafe(16)
        with OutboundClient(self.origin) as client:
            offered = client.get(where).json()
            nonce = offered["nonce"] if isinstance(offered, dict) else ""
            signed = "\0".join([nonce, name, chosen, "admin" if admin else "notadmin"])
            document = {
                "nonce": nonce,
                "username": name,
                "password": chosen,
                "admin": admin,
                "mac": hmac.new(self._secret.encode(), signed.encode(), hashlib.sha1).hexdigest(),
            }
            answer = client.send("POST", where, document=document)
        said = answer.json()
        if answer.status != OK or not isinstance(said, dict):
            raise PlatformError(f"the account {name} was not made: {answer.status} {said}")
        return ChatUser(self.origin, said["user_id"], said["access_token"])

    def _launch(self, settings: Path) -> None:
        _wait_until_free(self._port)
        guard = Path(__file__).with_name("dies_with_parent.py")
        with (self._folder / "synapse.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - an interpreter that we installed, and our own files
                [self._python, "-I", guard, "synapse.app.homeserver", "--config-path", settings],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C is for the starter, who decides the order of stopping
                env={
                    name: os.environ[name]
                    for name in ("PATH", "HOME", "LANG", "TMPDIR")
                    if name in os.environ
                },
            )
        deadline = time.monotonic() + READY_SECONDS
        with OutboundClient(self.origin, timeouts=Timeouts(connect=1, silence=1, total=2)) as client:
            while time.monotonic() < deadline and self._process.poll() is None:
                try:
                    if client.get("/health").status == OK:
                        return
                except Unavailable:
                    time.sleep(POLL_SECONDS)
        self.kill()
        last = (self._folder / "synapse.log").read_text(errors="replace").splitlines()[-12:]
        raise Unavailable("Synapse did not start; its log ends with:\n" + "\n".join(last))

    def _end(self, how: str) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        (process.kill if how == "kill" else process.terminate)()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            if process.stdin:
                process.stdin.close()


def _wait_until_free(port: int) -> None:
    """A server of this folder whose starter was killed takes a moment to end. Raises Unavailable."""
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise Unavailable(f"port {port} is taken; end what listens there") from error
            else:
                return
        time.sleep(POLL_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _configuration(folder: Path, port: int, *, allow_guests: bool, publishes: bool) -> dict[str, object]:
    """Everything Synapse needs, as JSON, which is YAML too; names as in its configuration manual."""
    log = folder / "log.yaml"
    _write_private(
        log,
        {
            "version": 1,
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
        },
    )
    return {
        "server_name": SERVER_NAME,
        "report_stats": False,
        "pid_file": str(folder / "homeserver.pid"),
        "listeners": [
            {
                "port": port,
                "bind_addresses": ["127.0.0.1"],
                "type": "http",
                "tls": False,
                "resources": [{"names": ["client"]}],
            }
        ],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
        "log_config": str(log),
        "media_store_path": str(folder / "media"),
        "signing_key": "ed25519 a_demo " + base64.b64encode(secrets.token_bytes(32)).decode().rstrip("="),
        "registration_shared_secret": secrets.token_urlsafe(32),
        "macaroon_secret_key": secrets.token_urlsafe(32),
        "form_secret": secrets.token_urlsafe(32),
        "bcrypt_rounds": 4,
        "allow_guest_access": allow_guests,
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "url_preview_enabled": False,
        "presence": {"enabled": False},
        # Since 1.126 nobody may list a room in the public directory unless the operator says so.
        **({"room_list_publication_rules": [{"action": "allow"}]} if publishes else {}),
        **_far_limits(),
    }


def _far_limits() -> dict[str, object]:
    plain = (
        "rc_message rc_registration rc_registration_token_validity rc_admin_redaction rc_joins_per_room "
        "rc_3pid_validation rc_third_party_invite rc_media_create rc_room_creation rc_reports "
        "rc_user_directory"
    )
    return {
        **dict.fromkeys(plain.split(), _WITHOUT_LIMIT),
        "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), _WITHOUT_LIMIT),
        "rc_joins": dict.fromkeys(("local", "remote"), _WITHOUT_LIMIT),
        "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), _WITHOUT_LIMIT),
    }


def _write_private(file: Path, document: dict[str, object]) -> None:
    """The configuration holds the secret that makes administrators."""
    file.touch(mode=0o600)
    file.write_text(json.dumps(document, indent=1))
