"""The private half of sealing. The portal may not import this: an import contract says so."""

from pathlib import Path

import pyrage
from pyrage import x25519

from takeback.errors import ConfigurationError
from takeback.infra.vault import seal
from takeback.infra.vault.keys import IDENTITY_FILE
from takeback.infra.vault.seal import Recipient


class Unsealer:
    """Opens what the portal sealed.

    Args:
        folder: the key folder, with `intake.identity` in it.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / IDENTITY_FILE
        try:
            self._identity = x25519.Identity.from_str(path.read_text().strip())
        except (OSError, pyrage.IdentityError) as error:
            raise ConfigurationError(
                f"cannot read the private key {path}; restore it from a backup"
            ) from error

    @property
    def recipient(self) -> Recipient:
        """Seals what only this one opens."""
        return Recipient(str(self._identity.to_public()))

    def unseal(self, sealed: bytes) -> bytes:
        """The bytes that were sealed. Raises ValueError if not sealed to this key, or changed since."""
        try:
            padded = pyrage.decrypt(sealed, [self._identity])
        except pyrage.DecryptError as error:
            raise ValueError("not sealed to this key, or damaged") from error
        return seal.unpad(padded)
