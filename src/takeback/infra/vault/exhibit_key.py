"""The key of one capture: made for it, sealed to people at once, and never kept here.

Each part of a capture is sealed to this key alone; the key's private half is sealed, as a small age file of
its own, to the recipients (docs/adr/0018). So the service can go on adding parts, having the public half, and
can open none; whoever has one recipient's key opens all of it with age itself:

    age -d -i MY-KEY sealed/key.age | age -d -i - sealed/PART.age

and destroying that small file destroys the capture, whatever backups hold of its parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pyrage import x25519

from takeback.infra.vault.seal import Recipient
from takeback.infra.vault.sealing import Identity, open_stream, seal_stream

KEY_PART = "sealed/key.age"
"""The name of the sealed private half among an exhibit's parts (docs/spec/dossier.md, section 6)."""


@dataclass(frozen=True, slots=True)
class ExhibitKey:
    """The half that closes, and the half that opens, which only the recipients can read."""

    recipient: Recipient
    """What every part of the capture is sealed to."""
    sealed: bytes
    """The age file that is to be kept as `KEY_PART`."""


def make_key(recipients: Sequence[Recipient]) -> ExhibitKey:
    """A new key for one capture. Its private half is nowhere but in `sealed` when this returns.

    Args:
        recipients: who may open the capture: `recipients_of(...)`.

    Raises:
        ValueError: no recipient.
    """
    identity = x25519.Identity.generate()
    recipient = Recipient(str(identity.to_public()))
    pieces: list[bytes] = []
    seal_stream(recipients, [_format(recipient, Identity(str(identity)))], pieces.append)
    return ExhibitKey(recipient, b"".join(pieces))


def open_key(identities: Sequence[Identity], sealed: bytes) -> Identity:
    """The private half, for whoever is a recipient. Raises ValueError if none of the keys is one's."""
    text = open_stream(identities, sealed).decode("ascii")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    if len(lines) != 1:
        raise ValueError("not the key of one capture")
    return Identity(lines[0])


def _format(recipient: Recipient, identity: Identity) -> bytes:
    """As `age-keygen` writes it; always of the same length, so that its age file tells nothing."""
    return f"# public key: {recipient}\n{identity}\n".encode("ascii")
