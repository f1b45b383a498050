"""The log's key, and its memory of what it signed last.

Whoever holds the database could give it an older state; the key would then sign a second history over the
same places, and the two would contradict each other for ever. So the key keeps, in a file beside it, the
largest checkpoint that it signed and that was committed. The file is written after the commit, never
before: a crash between the two leaves a file that is behind, which a good log always agrees with; the other
way round a crash would look like a rolled back database. The price is one instant in which a rollback by
one checkpoint goes unseen. Several sequencers on one machine share the file; it only ever moves forward.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from takeback.errors import ConfigurationError
from takeback_verify.checkpoint import Checkpoint, format_checkpoint
from takeback_verify.errors import Malformed
from takeback_verify.note import (
    Note,
    SignerKey,
    VerifierKey,
    format_signer_key,
    format_verifier_key,
    parse_signer_key,
    parse_verifier_key,
)

KEY_FILE = "ledger.key"
VERIFIER_FILE = "ledger.vkey"
STATE_FILE = "ledger.state"


@dataclass(frozen=True, slots=True)
class Signed:
    """What the key signed last."""

    size: int
    root: bytes
    """32 bytes."""


class Signer:
    """The log's key and its memory.

    Args:
        folder: where the key lives; key, verifier key and folder are made at the first use.
        origin: the log's name.

    Raises:
        ConfigurationError: the key is unreadable, readable by others, or another log's.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = _load_or_make(folder / KEY_FILE, origin)
        self._folder = folder
        _write(folder / VERIFIER_FILE, format_verifier_key(self.verifier) + "\n", mode=0o644)

    @property
    def verifier(self) -> VerifierKey:
        """The public half, which others need to check the log."""
        return self._key.verifier

    def sign(self, checkpoint: Checkpoint) -> Note:
        """The checkpoint as a signed note."""
        return self._key.sign(format_checkpoint(checkpoint))

    def last(self) -> Signed | None:
        """What this key is known to have signed last; raises as `read_last_signed` does."""
        return read_last_signed(self._folder)

    def remember(self, signed: Signed) -> None:
        """Keep what was signed and committed, unless something later is kept; on disk when this returns."""
        with _alone(self._folder):
            known = self.last()
            if known is None or known.size < signed.size:
                text = json.dumps({"root": signed.root.hex(), "size": signed.size})
                _write(self._folder / STATE_FILE, text + "\n", mode=0o600)


def read_verifier(folder: Path) -> VerifierKey:
    """The verifier key beside the log's key. Raises ConfigurationError if there is none, or it is damaged."""
    path = folder / VERIFIER_FILE
    try:
        return parse_verifier_key(path.read_text("utf-8").rstrip("\n"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"there is no {path}: the log was never started here") from error
    except (OSError, UnicodeDecodeError, Malformed) as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error


def read_last_signed(folder: Path) -> Signed | None:
    """What the key in this folder is known to have signed last.

    Raises:
        ConfigurationError: the file cannot be read or was damaged.
    """
    path = folder / STATE_FILE
    try:
        fields = json.loads(path.read_bytes())
        return Signed(int(fields["size"]), bytes.fromhex(fields["root"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            f"cannot read {path}, which says what the log signed last: {error}. Restore it from a backup."
        ) from error


def _load_or_make(path: Path, origin: str) -> SignerKey:
    try:
        if not path.exists():
            _make(path, SignerKey(origin, secrets.token_bytes(32)))
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"others may read {path}; run `chmod 600 {path}`")
        key = parse_signer_key(path.read_text("utf-8").rstrip("\n"))
    except (OSError, UnicodeDecodeError, Malformed) as error:
        raise ConfigurationError(f"cannot use {path} as the ledger's key: {error}") from error
    if key.name != origin:
        raise ConfigurationError(
            f"{path} is the key of {key.name!r}, but TAKEBACK_LEDGER_ORIGIN is {origin!r}; "
            "a log keeps its name for ever"
        )
    return key


def _make(path: Path, key: SignerKey) -> None:
    """Put a new key down, whole and only if there is none: of two who try, the first wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _put(draft, format_signer_key(key) + "\n", mode=0o600)
        os.link(draft, path)
        _settle(path.parent)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, text: str, mode: int) -> None:
    """Replace a file, whole or not at all, and on disk."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _put(draft, text, mode)
        draft.replace(path)
        _settle(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _put(path: Path, text: str, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Only one process or thread at a time."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
