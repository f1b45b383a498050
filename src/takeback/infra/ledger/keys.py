"""The log's key, and its memory of what it signed last.

Whoever holds the database could give it an older state; the key would then sign a second history over the
same places, and the two would contradict each other for ever. So the key keeps, in a file beside it, the
largest checkpoint that it signed and that was committed. The file is written after the commit, never
before: a crash between the two leaves a file that is behind, which a good log always agrees with; the other
way round a crash would look like a rolled back database. The price is one instant in which a rollback by
one checkpoint goes unseen. Several sequencers on one machine share the file; it only ever moves forward.

There are two keys: Ed25519, which every program for such logs knows, and ML-DSA-44 (FIPS 204), whose
signatures nobody will be able to forge with a quantum computer, when evidence is still needed. A log from
before the second key goes on: the key is made at the next start and signs from then on.
"""

import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from takeback.errors import ConfigurationError
from takeback.infra import files
from takeback.infra.signing import (
    CosignerSecret,
    SignerKey,
    format_cosigner_secret,
    format_signer_key,
    parse_cosigner_secret,
    parse_signer_key,
)
from takeback_verify.core.checkpoint import Checkpoint, format_checkpoint
from takeback_verify.core.cosignature import (
    CosignerKey,
    CosignerKind,
    format_cosigner_key,
    parse_cosigner_key,
)
from takeback_verify.core.errors import Malformed
from takeback_verify.core.note import Note, VerifierKey, format_verifier_key, parse_verifier_key

KEY_FILE = "ledger.key"
POST_QUANTUM_FILE = "ledger.mldsa.key"
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
        folder: where the keys live; keys, verifier keys and folder are made at the first use.
        origin: the log's name.

    Raises:
        ConfigurationError: the key is unreadable, readable by others, or another log's.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = _load_or_make(folder / KEY_FILE, origin)
        self._second = _load_or_make_second(folder / POST_QUANTUM_FILE, origin)
        self._folder = folder
        keys = format_verifier_key(self.verifier), format_cosigner_key(self.post_quantum)
        files.replace_for_good(folder / VERIFIER_FILE, [f"{key}\n".encode() for key in keys], mode=0o644)

    @property
    def verifier(self) -> VerifierKey:
        """The public half of the Ed25519 key, which others need to check the log."""
        return self._key.verifier

    @property
    def post_quantum(self) -> CosignerKey:
        """The public half of the ML-DSA-44 key."""
        return self._second.public

    def sign(self, checkpoint: Checkpoint, at: datetime) -> Note:
        """The checkpoint as a note with both signatures; the second one tells the moment, to the second."""
        note = self._key.sign(format_checkpoint(checkpoint))
        second = self._second.cosign(note.text, int(at.timestamp()))
        return Note(note.text, (*note.signatures, second))

    def last(self) -> Signed | None:
        """What this key is known to have signed last; raises as `read_last_signed` does."""
        return read_last_signed(self._folder)

    def remember(self, signed: Signed) -> None:
        """Keep what was signed and committed, unless something later is kept; on disk when this returns."""
        with files.alone(self._folder):
            known = self.last()
            if known is None or known.size < signed.size:
                text = json.dumps({"root": signed.root.hex(), "size": signed.size})
                files.replace_for_good(self._folder / STATE_FILE, [f"{text}\n".encode()])


def read_verifier(folder: Path) -> VerifierKey:
    """The verifier key beside the log's key. Raises ConfigurationError if there is none, or it is damaged."""
    return read_verifiers(folder)[0]


def read_verifiers(folder: Path) -> tuple[VerifierKey, CosignerKey | None]:
    """Both verifier keys; the second is None where a log from before it was not started again yet.

    Raises:
        ConfigurationError: there is no key, or one is damaged.
    """
    path = folder / VERIFIER_FILE
    try:
        first, _, second = path.read_text("utf-8").rstrip("\n").partition("\n")
        return parse_verifier_key(first), parse_cosigner_key(second) if second else None
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
    text = _read_or_make(path, lambda: format_signer_key(SignerKey(origin, secrets.token_bytes(32))))
    try:
        key = parse_signer_key(text)
    except Malformed as error:
        raise ConfigurationError(f"cannot use {path} as the ledger's key: {error}") from error
    _check_origin(path, key.name, origin)
    return key


def _load_or_make_second(path: Path, origin: str) -> CosignerSecret:
    def make() -> str:
        return format_cosigner_secret(CosignerSecret(origin, CosignerKind.ML_DSA_44, secrets.token_bytes(32)))

    text = _read_or_make(path, make)
    try:
        key = parse_cosigner_secret(text)
    except Malformed as error:
        raise ConfigurationError(f"cannot use {path} as the ledger's second key: {error}") from error
    if key.kind is not CosignerKind.ML_DSA_44:
        raise ConfigurationError(f"{path} is not a key of type ML-DSA-44")
    _check_origin(path, key.name, origin)
    return key


def _check_origin(path: Path, name: str, origin: str) -> None:
    if name != origin:
        raise ConfigurationError(
            f"{path} is the key of {name!r}, but TAKEBACK_LEDGER_ORIGIN is {origin!r}; "
            "a log keeps its name for ever"
        )


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The text of a file that only its owner may read."""
    try:
        if not path.exists():
            with suppress(FileExistsError):  # of two who try, the first wins
                files.put_new(path, f"{make()}\n".encode())
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"others may read {path}; run `chmod 600 {path}`")
        return path.read_text("utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError, Malformed) as error:
        raise ConfigurationError(f"cannot use {path} as the ledger's key: {error}") from error
