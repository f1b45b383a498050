"""Open sealed parts with an age identity, in memory, and check that they hold what was committed to.

Only this module uses a secret. The extra `open` installs what it needs; the core verifies without it.

Nothing that is opened is written anywhere or kept: a part is decrypted in pieces, and each piece is hashed
and forgotten. Only the salts are read whole.
"""

import hashlib
from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from typing import cast

import pyrage

from takeback_verify.core.errors import CannotCheck, Malformed, NotProven
from takeback_verify.core.exhibit import KEY, SALTS, SEALED, ExhibitDocument, commit_plaintext, parse_salts
from takeback_verify.core.findings import Unsealed
from takeback_verify.core.listing import EXHIBITS
from takeback_verify.core.package import Package
from takeback_verify.core.verdict import Unseal

Identity = pyrage.x25519.Identity

_MAX_DOCUMENT = 2**20
_OTHER_KEY = "No matching keys found"


def parse_identities(text: str) -> tuple[Identity, ...]:
    """The identities of an age key file. Raises CannotCheck when there is none or one is damaged."""
    found = []
    for line in text.splitlines():
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        try:
            found.append(Identity.from_str(word))
        except pyrage.IdentityError as error:
            raise CannotCheck("the key file has a line that is not an age identity") from error
    if not found:
        raise CannotCheck("the key file has no age identity (AGE-SECRET-KEY-1...)")
    return tuple(found)


def unseal_with(keys: Sequence[Identity]) -> Unseal:
    """Return the function that `verify` opens sealed parts with."""
    return lambda package, exhibit: open_exhibit(package, exhibit, keys)


def open_exhibit(package: Package, exhibit: ExhibitDocument, keys: Sequence[Identity]) -> Unsealed:
    """Open all sealed parts that these keys open.

    Raises:
        NotProven: what a part holds is not what was committed to, or a part cannot be opened though it is
            sealed to one of the keys.
        Malformed: the salts are not what they should be.
    """
    folder = f"{EXHIBITS}{exhibit.capture}/"
    committed = {part.name: part.commitment for part in exhibit.parts if part.commitment is not None}
    # 1. The exhibit's own key, if it has one, opens the other parts.
    opened = 0
    if folder + KEY in package:
        own = _Sink(keep=_MAX_DOCUMENT)
        if not _decrypt(package, folder + KEY, keys, own):
            return _closed(package, exhibit)
        keys, opened = _own_keys(own, folder + KEY), 1
    # 2. The salts.
    collected = _Sink(keep=_MAX_DOCUMENT)
    if folder + SALTS not in package or not _decrypt(package, folder + SALTS, keys, collected):
        return _closed(package, exhibit)
    salts = parse_salts(bytes(collected.kept))
    if salts.keys() != committed.keys():
        raise Malformed(f"{folder}{SALTS} does not hold exactly the salts of the sealed parts")
    # 3. Each part holds what was committed to.
    opened, closed = opened + 1, list[str]()
    for name, commitment in committed.items():
        plaintext = _Sink()
        if not _decrypt(package, folder + name, keys, plaintext):
            closed.append(folder + name)
        elif commit_plaintext(salts[name], plaintext.sha256.digest()) != commitment:
            raise NotProven(f"{folder}{name} holds something else than what was recorded")
        else:
            opened += 1
    return Unsealed(opened, tuple(closed))


def _own_keys(text: "_Sink", name: str) -> tuple[Identity, ...]:
    try:
        return parse_identities(bytes(text.kept).decode(errors="replace"))
    except CannotCheck as error:
        raise NotProven(f"{name} holds no key") from error


def _closed(package: Package, exhibit: ExhibitDocument) -> Unsealed:
    return Unsealed(0, tuple(package.names(f"{EXHIBITS}{exhibit.capture}/{SEALED}")))


def _decrypt(package: Package, name: str, keys: Sequence[Identity], out: "_Sink") -> bool:
    """Decrypt a part into a sink. False: it is not sealed to any of the keys."""
    try:
        source = _Source(package.chunks(name))
        # It asks for no more of a file than these have.
        pyrage.decrypt_io(cast("BufferedIOBase", source), cast("BufferedIOBase", out), keys)
    except (pyrage.DecryptError, OSError) as error:  # OSError: damaged behind the header
        if _OTHER_KEY in str(error):
            return False
        raise NotProven(f"{name} cannot be opened: {error}") from error
    return True


class _Source:
    """A part's bytes as a file to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most so many bytes; none at the end."""
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                return b""
            self._rest = piece
        taken = self._rest[:size] if size is not None and size >= 0 else self._rest
        self._rest = self._rest[len(taken) :]
        return taken


class _Sink:
    """Takes decrypted bytes into a hash, and keeps only those of salts and keys.

    Args:
        keep: most bytes to keep.
    """

    def __init__(self, keep: int = 0) -> None:
        self.kept = bytearray()
        self.sha256 = hashlib.sha256()
        self._keep = keep

    def write(self, piece: bytes, /) -> int:
        """Take a piece."""
        self.sha256.update(piece)
        self.kept += piece[: max(0, self._keep - len(self.kept))]
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""
