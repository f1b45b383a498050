"""The service's own keys, made at first use: files in the data folder that only its user may read.

The portal's folder holds what the portal may know (a public key and its pepper) and nothing else, so that it
can be handed to a process, a user or a machine of its own.
"""

import contextlib
import secrets
from pathlib import Path

from pyrage import x25519

from takeback.errors import ConfigurationError
from takeback.infra import files
from takeback.infra.vault.seal import PEPPER_FILE, RECIPIENT_FILE

IDENTITY_FILE = "intake.identity"
PORTAL_FOLDER = "portal"


def ensure(folder: Path) -> Path:
    """Make the keys that are missing in `folder`, and the portal's in `folder/portal`; keep those there.

    `keyring.service.settle` says whether they may be made. Returns the folder.
    """
    portal = folder / PORTAL_FOLDER
    for each in (folder, portal):
        each.mkdir(parents=True, exist_ok=True)
        each.chmod(0o700)
    identity = write_once(folder / IDENTITY_FILE, str(x25519.Identity.generate()))
    write_once(portal / RECIPIENT_FILE, str(x25519.Identity.from_str(identity).to_public()))
    write_once(portal / PEPPER_FILE, secrets.token_hex(32))
    return folder


def write_once(path: Path, content: str) -> str:
    """Write a secret that nobody has written yet and return it, or return the one that is there.

    Whole or not at all, also after a crash and when two processes start together: the file appears by a hard
    link from a complete one.
    """
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another process was first
            files.put_new(path, f"{content}\n".encode())
    return path.read_text().strip()


def write_secret(path: Path, content: bytes) -> None:
    """Write a secret to a file of its own that only its user may read; never over one that is there.

    Raises:
        ConfigurationError: there is one, or it cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.put_new(path, content)
    except FileExistsError as error:
        raise ConfigurationError(f"{path} is there already and is not written over") from error
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error}") from error
