"""Recipients for tests, and what they do with what they get."""

from dataclasses import dataclass, field
from pathlib import Path

from pyrage import x25519

from takeback.evidence.model import Exhibit
from takeback.evidence.sealer import EvidenceSealer
from takeback.infra.blobs import Blobs
from takeback.infra.vault.exhibit_key import KEY_PART, open_key
from takeback.infra.vault.recipients import (
    Directory,
    Member,
    Role,
    Use,
    format_directory,
)
from takeback.infra.vault.seal import Recipient
from takeback.infra.vault.sealing import Identity, open_stream


@dataclass(frozen=True)
class Somebody:
    """A key pair; the service has the public half."""

    role: Role
    name: str
    pair: x25519.Identity = field(default_factory=x25519.Identity.generate)

    @property
    def identity(self) -> Identity:
        return Identity(str(self.pair))

    def member(self) -> Member:
        return Member(self.role, self.name, Recipient(str(self.pair.to_public())), Use.STANDING)


@dataclass(frozen=True)
class People:
    """Who may open what is captured."""

    lawyer: Somebody = field(default_factory=lambda: Somebody(Role.LAWYER, "law-clinic"))
    recovery: Somebody = field(default_factory=lambda: Somebody(Role.RECOVERY, "recovery"))
    reviewers: Somebody = field(default_factory=lambda: Somebody(Role.REVIEWERS, "reviewers"))

    def write(self, path: Path, *, reviewers: bool = False) -> None:
        """As the operator does; the reviewers are named only where a test is about them."""
        named = (self.lawyer, self.recovery, *((self.reviewers,) if reviewers else ()))
        directory = Directory(tuple(each.member() for each in named))
        path.write_text(format_directory(directory), encoding="ascii")


def a_sealer(folder: Path, people: People) -> EvidenceSealer:
    """One that seals to these people, into files below the folder."""
    path = folder / "recipients.txt"
    people.write(path)
    return EvidenceSealer(Blobs(str(folder / "blobs")), path)


def opened(sealer: EvidenceSealer, exhibit: Exhibit, who: Somebody) -> dict[str, bytes]:
    """What a recipient reads in an exhibit: each part's content by its name. Raises ValueError."""
    files = {part.name: sealer.blobs.get(part.blob) for part in exhibit.parts}
    key = open_key([who.identity], files[KEY_PART])
    return {
        name: data if name.startswith("open/") else open_stream([who.identity, key], data)
        for name, data in files.items()
    }


def everything_on_disk(folder: Path) -> bytes:
    """All files below a folder, one after the other."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
