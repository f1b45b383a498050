"""The keys of the service's own, one row each: its file, what may be told of it, and what is lost with it.

What is told is a public half, or a hash under which nobody finds the key: it has 32 random bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyrage import IdentityError, RecipientError, x25519

from takeback.errors import ConfigurationError
from takeback.infra.ledger import keys as ledger_keys
from takeback.infra.signing import parse_cosigner_secret, parse_signer_key
from takeback.infra.vault.keys import IDENTITY_FILE, PORTAL_FOLDER
from takeback.infra.vault.seal import PEPPER_FILE, RECIPIENT_FILE, which_key
from takeback.staff import secret as staff_secret
from takeback_verify.core.cosignature import format_cosigner_key
from takeback_verify.core.errors import Malformed
from takeback_verify.core.note import format_verifier_key

DOCUMENT_KEY = "document.key"
"""As `dossier.sealing` names it, which is above this room."""
LEDGER_KEYS = ledger_keys.KEY_FILE, ledger_keys.POST_QUANTUM_FILE
REPLACE = "put it back from the backup of the folder `keys`"
_SUCCEED = (
    f"{REPLACE}. If it is lost for good: set TAKEBACK_LEDGER_ORIGIN to a new name, then run "
    "`takeback ledger succeed`"
)


@dataclass(frozen=True, slots=True)
class OwnKey:
    """One of the service's own keys."""

    name: str
    """Of its file, below the folder of keys."""
    public: Callable[[str], str]
    """What may be told of the file's text. Raises ValueError, or what `READING` lists, for another text."""
    loses: str
    """What cannot be done without it."""
    remedy: str

    def read(self, folder: Path) -> str | None:
        """Return the file's public part; None if there is no file. Raises ConfigurationError if damaged."""
        path = folder / self.name
        try:
            return self.public(path.read_text("utf-8").strip())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, Malformed, IdentityError, RecipientError) as error:
            raise ConfigurationError(
                f"cannot use the key {path} ({type(error).__name__}); {self.remedy}"
            ) from None  # the cause may quote the key


def _recipient(text: str) -> str:
    return str(x25519.Recipient.from_str(text))


def _identity(text: str) -> str:
    return str(x25519.Identity.from_str(text).to_public())


def _signer(text: str) -> str:
    return format_verifier_key(parse_signer_key(text).verifier)


def _second(text: str) -> str:
    return format_cosigner_key(parse_cosigner_secret(text).public)


def _replaced(name: str) -> str:
    return f"{REPLACE}. If it is lost for good: `takeback keys give-up {name}`, and a new one is made"


_UNSIGNED = "the log cannot be signed"
KEYS = tuple(
    OwnKey(name, public, loses, _SUCCEED if name in LEDGER_KEYS else _replaced(name))
    for name, public, loses in (
        (IDENTITY_FILE, _identity, "no report that was sent can be opened"),
        (f"{PORTAL_FOLDER}/{RECIPIENT_FILE}", _recipient, "no report can be sent"),
        (f"{PORTAL_FOLDER}/{PEPPER_FILE}", which_key, "no receipt finds its report"),
        (staff_secret.KEY_FILE, which_key, "nobody signs in with a password"),
        (ledger_keys.KEY_FILE, _signer, _UNSIGNED),
        (ledger_keys.POST_QUANTUM_FILE, _second, _UNSIGNED),
        (DOCUMENT_KEY, which_key, "certificates cannot be sealed by the key that sealed the earlier ones"),
    )
)
