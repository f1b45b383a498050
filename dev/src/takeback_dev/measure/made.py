"""A platform that makes its posts up, at a pace that is told: what `takeback bench load` watches.

Which picture a post shows follows from its stream and number alone, so that a post that is read twice is the
same post, and who checks afterwards knows what must have been found. The plan lies in a file that is replaced
as a whole; processes that watch look at it again and again.
"""

import json
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, Field

from takeback.connectors.api import (
    Action,
    Batch,
    Capabilities,
    Look,
    Media,
    Post,
    Receipt,
    StreamId,
    Target,
)
from takeback.connectors.platform import Platform
from takeback.errors import Gone, NotAllowed
from takeback.infra import clock

NAME = "made"
_PLAN = "plan.json"
_PAGE = 8
_LONGEST_WAIT = 0.5
_IN = 10_000


@dataclass(frozen=True, slots=True)
class Phase:
    """Posts that come for a while."""

    name: str
    starts: float
    """Seconds since 1970."""
    ends: float
    rate: float
    """Posts a second, of all streams together; 0: as fast as they are read."""
    streams: int

    def due_at(self, stream: int, number: int) -> float:
        """When a post is there."""
        return self.starts + (number * self.streams + stream) / self.rate if self.rate else self.starts


@dataclass(frozen=True, slots=True)
class Plan:
    """What is posted."""

    pictures: int
    """Files "0.jpg" and so on, of which nothing is known."""
    planted: int
    """Files "known-0.jpg" and so on, each of which shows the bank's entry of its number."""
    share: float
    """Of posts that show a planted picture."""
    phases: tuple[Phase, ...]

    def picture(self, stream: str, number: int) -> tuple[bool, int]:
        """Whether a post shows a planted picture, and the picture's number."""
        drawn = zlib.crc32(f"{stream}/{number}".encode())
        planted = drawn % _IN < self.share * _IN
        return planted, drawn // _IN % (self.planted if planted else self.pictures)


def write(folder: Path, plan: Plan) -> None:
    """Replace the plan."""
    draft = folder / f".{_PLAN}"
    draft.write_text(json.dumps(asdict(plan)), "utf-8")
    draft.replace(folder / _PLAN)


def read(folder: Path) -> Plan:
    """The plan as it is now."""
    told = json.loads((folder / _PLAN).read_text("utf-8"))
    return Plan(**told | {"phases": tuple(Phase(**phase) for phase in told["phases"])})


def file_name(*, planted: bool, number: int) -> str:
    """What the file of a picture is called."""
    return f"known-{number}.jpg" if planted else f"{number}.jpg"


def stream_name(phase: Phase, stream: int) -> str:
    """As "even:3"."""
    return f"{phase.name}:{stream}"


class MadePosts:
    """Fills `connectors.api.Connector`.

    Args:
        folder: where the plan and the pictures are.
    """

    name = NAME

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stop = threading.Event()

    def capabilities(self) -> Capabilities:
        """Posts are read; nothing can be done to them."""
        return Capabilities((), (), ())

    def streams(self) -> Sequence[StreamId]:
        """Those of the phases that have begun."""
        now = clock.now().timestamp()
        phases = (phase for phase in read(self._folder).phases if phase.starts <= now)
        return [StreamId(stream_name(phase, number)) for phase in phases for number in range(phase.streams)]

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        """The posts that are due."""
        plan, start = read(self._folder), int(cursor or 0)
        name, _, number = stream.name.partition(":")
        phase = next(each for each in plan.phases if each.name == name)
        posts = tuple(self._due(plan, phase, int(number), start))
        end = start + len(posts)
        due, now = phase.due_at(int(number), end), clock.now().timestamp()
        done = now >= phase.ends if phase.rate == 0 else due >= phase.ends
        if not posts and not done:
            self._stop.wait(min(_LONGEST_WAIT, max(0.001, due - now)))
        return Batch(posts, str(end), done=done)

    def _due(self, plan: Plan, phase: Phase, stream: int, start: int) -> Iterator[Post]:
        now, name = clock.now().timestamp(), stream_name(phase, stream)
        if phase.rate == 0 and now >= phase.ends:
            return
        for number in range(start, start + _PAGE):
            due = phase.due_at(stream, number)
            if due > now or due >= phase.ends:
                return
            planted, picture = plan.picture(name, number)
            media = Media(f"{file_name(planted=planted, number=picture)}#{name}/{number}")
            # A post that is read as fast as it can be is there when it is asked for.
            posted_at = datetime.fromtimestamp(due if phase.rate else now, UTC)
            yield Post(name, str(number), "@maker", posted_at, (media,))

    def locate(self, link: str) -> Post | None:
        """No link leads here."""
        del link
        return None

    def fetch(self, media: str, max_bytes: int) -> bytes:
        """A picture's file. Raises Gone."""
        try:
            with (self._folder / Path(media.partition("#")[0]).name).open("rb") as file:
                return file.read(max_bytes)
        except OSError as error:
            raise Gone(media) from error

    def act(self, action: Action, target: Target, key: str) -> Receipt:
        """Nothing can be done here. Raises NotAllowed."""
        raise NotAllowed(f"{action} {target.message} {key}: made posts are only read")

    def verify(self, target: Target) -> Sequence[Look]:
        """Nothing can be looked at."""
        del target
        return ()

    def control(self) -> None:
        """None: nothing can be removed here."""

    def close(self) -> None:
        """End a wait."""
        self._stop.set()


class MadeSettings(BaseModel):
    """Of the one account, "made"."""

    folder: Path = Field(description="The plan and the pictures; set by `takeback bench load`.")


PLATFORM = Platform(MadeSettings, lambda settings, _: MadePosts(settings.folder))
