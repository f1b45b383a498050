"""Real platforms for tests: what a contract test or a journey does to one, apart from Takeback.

Each later connector adds a class here that fills `Platform`, and passes tests/contract/test_connector.py.
"""

import io
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

from PIL import Image
from pydantic import SecretStr

from takeback.connectors.api import Connector, Target
from takeback.connectors.matrix.connector import MatrixConnector, MatrixSettings, Pace
from takeback.connectors.platform import Account
from takeback.infra.outbound import OutboundClient, Timeouts, path
from takeback_dev.demo.chat import ChatUser
from takeback_dev.demo.synapse import Synapse, ensure_installed

ROOT = Path(__file__).parents[1]
_seeds = count(1)


@dataclass(frozen=True, slots=True)
class Posted:
    """A picture that somebody posted."""

    place: str
    message: str
    media: str
    data: bytes = b""

    @property
    def target(self) -> Target:
        return Target(self.place, self.message, self.media)


class Platform(Protocol):
    """One platform with people on it."""

    origin: str
    """Where a fault proxy forwards to."""

    def connect(self, origin: str | None = None) -> Connector:
        """A connector with short time-outs and small pages, through a proxy if its origin is given."""
        ...

    def make_place(self) -> str: ...

    def post_picture(self, place: str, data: bytes | None = None) -> Posted: ...

    def post_many(self, place: str, number: int) -> list[Posted]:
        """More than the connector's one page, fast: the same picture again and again."""
        ...

    def post_text(self, place: str) -> str: ...

    def delete(self, posted: Posted) -> None:
        """By the one who posted it."""
        ...

    def link(self, posted: Posted) -> str: ...

    def missing_link(self, place: str) -> str:
        """A link to a message that does not exist."""
        ...

    def removals(self, posted: Posted) -> int:
        """How many removals of this message the platform has recorded."""
        ...

    def no_media(self) -> str:
        """The address of a picture that does not exist."""
        ...

    def stop(self) -> None: ...

    def start(self) -> None: ...


def picture(seed: int | None = None, size: int = 64) -> bytes:
    """A PNG of seeded noise in big squares; without a seed, one that no other call gives."""
    dots = random.Random(next(_seeds) if seed is None else -seed)
    small = Image.new("RGB", (8, 8))
    small.putdata([(dots.randrange(256), dots.randrange(256), dots.randrange(256)) for _ in range(64)])
    out = io.BytesIO()
    small.resize((size, size), Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """A folder in memory where there is such a place; gone afterwards."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_synapse(*, allow_guests: bool = False, publishes: bool = True) -> Iterator[Synapse]:
    """A new, empty Synapse."""
    python = ensure_installed(ROOT / ".cache", ROOT / "lock" / "synapse.txt", print)
    with (
        scratch_folder("takeback-synapse-") as folder,
        Synapse(python, folder, allow_guests=allow_guests, publishes=publishes) as synapse,
    ):
        yield synapse


class MatrixPlatform:
    """People on a Synapse."""

    PAGE = 20

    def __init__(self, synapse: Synapse) -> None:
        self.synapse = synapse
        self.admin = synapse.user("moderation", admin=True)
        self.member = synapse.user("member")
        self.poster = synapse.user("poster")
        self.origin = synapse.origin

    def connect(self, origin: str | None = None) -> MatrixConnector:
        return MatrixConnector(
            self.settings(origin),
            Account("matrix"),
            Pace(0.2, self.PAGE, Timeouts(connect=1, silence=1, total=4) if origin else Timeouts()),
        )

    def settings(self, origin: str | None = None) -> MatrixSettings:
        return MatrixSettings(
            url=origin or self.origin,
            admin_token=SecretStr(self.admin.token),
            member_token=SecretStr(self.member.token),
            discover_every=0.1,
        )

    def make_place(self) -> str:
        return self.poster.create_room("a public room")

    def post_picture(self, place: str, data: bytes | None = None) -> Posted:
        shown = picture() if data is None else data
        message, media = self.poster.post_picture(place, shown, "image/png")
        return Posted(place, message, media, shown)

    def post_many(self, place: str, number: int) -> list[Posted]:
        data = picture()
        media = self.poster.upload(data, "image/png")
        return [
            Posted(place, self.poster.post_media(place, media, "image/png"), media, data)
            for _ in range(number)
        ]

    def post_text(self, place: str) -> str:
        return self.poster.post_text(place, "hello")

    def delete(self, posted: Posted) -> None:
        self.poster.delete(posted.place, posted.message)

    def link(self, posted: Posted) -> str:
        return f"https://matrix.to/#/{posted.place}/{posted.message}?via=demo.invalid"

    def missing_link(self, place: str) -> str:
        return f"https://matrix.to/#/{place}/$nothing-of-this-name"

    def removals(self, posted: Posted) -> int:
        return len(self.redactions(posted))

    def redactions(self, posted: Posted) -> list[dict[str, object]]:
        """All redaction events of one message, read from the room's whole history."""
        with OutboundClient(self.origin, token=self.admin.token) as client:
            where = path("/_synapse/admin/v1/rooms", posted.place, "messages", dir="b", limit="500")
            answer = client.get(where).json()
        assert isinstance(answer, dict)
        return [
            event
            for event in answer["chunk"]
            if event["type"] == "m.room.redaction" and event["redacts"] == posted.message
        ]

    def admin_joined(self) -> set[str]:
        """The rooms that the moderation account is in."""
        with OutboundClient(self.origin, token=self.admin.token) as client:
            answer = client.get("/_matrix/client/v3/joined_rooms").json()
        assert isinstance(answer, dict)
        return set(answer["joined_rooms"])

    def no_media(self) -> str:
        return "mxc://demo.invalid/NothingOfThisName"

    def stop(self) -> None:
        self.synapse.stop()

    def start(self) -> None:
        self.synapse.start()

    def close(self) -> None:
        for user in (self.admin, self.member, self.poster):
            user.close()

    def someone(self, name: str) -> ChatUser:
        return self.synapse.user(name)
