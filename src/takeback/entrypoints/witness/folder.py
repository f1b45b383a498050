"""All that a witness keeps: its keys, the logs that it watches, and the last checkpoint of each.

    witness.key          its Ed25519 key (C2SP, type 4), for its owner only
    witness.mldsa.key    its ML-DSA-44 key (type 6), if it has one
    logs/<id>.vkey       the log's verifier keys, one a line; <id> is the start of SHA-256(origin)
    logs/<id>.note       the last checkpoint that was cosigned

A file is written whole or not at all, and is on disk before the answer leaves. There is no database: what a
witness must never lose is one line for each log. If it does lose it, it will cosign whatever it sees next, so
the folder belongs on a disk that is backed up never backwards: an old copy is worse than none.
"""

import hashlib
import secrets
from contextlib import AbstractContextManager
from pathlib import Path

from takeback.errors import ConfigurationError
from takeback.infra import files
from takeback.infra.signing import CosignerSecret, format_cosigner_secret, parse_cosigner_secret
from takeback_verify.core.checkpoint import Checkpoint, parse_checkpoint
from takeback_verify.core.cosignature import CosignerKey, CosignerKind
from takeback_verify.core.errors import Malformed, VerifyError
from takeback_verify.core.note import Note, format_note, parse_note
from takeback_verify.core.policy import Log, LogKey, Policy, format_log_key, open_of_log, parse_log_key

KEY_FILES = {CosignerKind.ED25519: "witness.key", CosignerKind.ML_DSA_44: "witness.mldsa.key"}
LOGS = "logs"
_ID_DIGITS = 32


def create(path: Path, name: str, *, post_quantum: bool) -> None:
    """Make a folder with new keys. Raises ConfigurationError if there is one already, or the name is none."""
    kinds = list(CosignerKind) if post_quantum else [CosignerKind.ED25519]
    try:
        made = [CosignerSecret(name, kind, secrets.token_bytes(32)) for kind in kinds]
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / LOGS).mkdir(mode=0o700)
        for secret in made:
            files.replace_for_good(
                path / KEY_FILES[secret.kind], [f"{format_cosigner_secret(secret)}\n".encode()]
            )
    except FileExistsError as error:
        raise ConfigurationError(f"{path} is a witness's folder already") from error
    except (OSError, Malformed) as error:
        raise ConfigurationError(f"cannot make a witness in {path}: {error}") from error


class Folder:
    """A witness's folder, opened.

    Raises:
        ConfigurationError: there is none, or its keys cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.keys = tuple(_load(path / name) for name in KEY_FILES.values() if (path / name).exists())
        """The secret keys, Ed25519 first."""
        if not self.keys or self.keys[0].kind is not CosignerKind.ED25519:
            raise ConfigurationError(f"there is no witness in {path}; run `takeback witness init`")

    @property
    def public(self) -> tuple[CosignerKey, ...]:
        """The public keys, for policies."""
        return tuple(key.public for key in self.keys)

    def add_log(self, vkey: str) -> LogKey:
        """Watch a log by one more of its keys; its name is in the key. Raises ConfigurationError."""
        try:
            key = parse_log_key(vkey)
        except Malformed as error:
            raise ConfigurationError(f"not the verifier key of a log: {error}") from error
        with self.alone():
            known = self.keys_of(key.name)
            if key not in known:
                lines = [f"{format_log_key(each)}\n".encode() for each in (*known, key)]
                files.replace_for_good(self._file(key.name, "vkey"), lines, mode=0o644)
        return key

    def logs(self) -> tuple[tuple[LogKey, ...], ...]:
        """The keys of each log that is watched."""
        found = sorted((self._path / LOGS).glob("*.vkey"))
        return tuple(tuple(map(parse_log_key, path.read_text("utf-8").splitlines())) for path in found)

    def keys_of(self, origin: str) -> tuple[LogKey, ...]:
        """A log's keys; none if it is not watched."""
        try:
            lines = self._file(origin, "vkey").read_text("utf-8").splitlines()
            return tuple(key for key in map(parse_log_key, lines) if key.name == origin)
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError, Malformed) as error:
            raise ConfigurationError(f"cannot read the keys of {origin}: {error}") from error

    def last(self, origin: str) -> Checkpoint | None:
        """The last checkpoint of a log that was cosigned here; None before the first.

        Raises:
            ConfigurationError: it cannot be read, or is not the log's: nothing may be cosigned on a guess.
        """
        path = self._file(origin, "note")
        try:
            note = parse_note(path.read_bytes())
            open_of_log(Policy(tuple(Log(key) for key in self.keys_of(origin))), note)
            return parse_checkpoint(note.text)
        except FileNotFoundError:
            return None
        except (OSError, VerifyError) as error:
            raise ConfigurationError(f"cannot read {path}, what was cosigned last: {error}") from error

    def keep(self, origin: str, note: Note) -> None:
        """Keep the checkpoint that is about to be cosigned; on disk when this returns. Raises OSError."""
        files.replace_for_good(self._file(origin, "note"), [format_note(note)])

    def alone(self) -> AbstractContextManager[None]:
        """Let one thread of one process at a time work here."""
        return files.alone(self._path)

    def _file(self, origin: str, kind: str) -> Path:
        name = hashlib.sha256(origin.encode()).hexdigest()[:_ID_DIGITS]
        return self._path / LOGS / f"{name}.{kind}"


def _load(path: Path) -> CosignerSecret:
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"others may read {path}; run `chmod 600 {path}`")
        return parse_cosigner_secret(path.read_text("utf-8").rstrip("\n"))
    except (OSError, UnicodeDecodeError, Malformed) as error:
        raise ConfigurationError(f"cannot use {path} as a witness's key: {error}") from error
