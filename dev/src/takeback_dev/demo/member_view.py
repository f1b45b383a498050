"""What an ordinary member of a room sees: asked of the server itself, past every part of Takeback."""

from dataclasses import dataclass
from typing import Self

from takeback.errors import PlatformError
from takeback.infra.outbound import OutboundClient, path
from takeback_dev.demo.chat import ChatUser

OK = 200
NOT_FOUND = 404
_CLIENT = "/_matrix/client/v3"
_MEDIA = "/_matrix/client/v1/media/download"
_PAGE = "1000"
_MOST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A message that carried a picture."""

    message: str
    sender: str
    media: str | None
    """None: the message was removed."""


class MemberView:
    """An ordinary member's view.

    Args:
        origin: of the homeserver.
        member: who looks; joins the rooms that are asked for.
    """

    def __init__(self, origin: str, member: ChatUser) -> None:
        self._client = OutboundClient(origin, token=member.token)
        self._member = member
        self._joined: set[str] = set()

    def room(self, room: str) -> tuple[Shown, ...]:
        """Every message of a room that carries, or carried, a picture; oldest first."""
        if room not in self._joined:
            self._member.join(room)
            self._joined.add(room)
        answer = self._client.get(path(_CLIENT, "rooms", room, "messages", dir="f", limit=_PAGE))
        said = answer.json()
        if answer.status != OK or not isinstance(said, dict):
            raise PlatformError(f"{room} cannot be read: {answer.status}")
        messages = [event for event in said["chunk"] if event["type"] == "m.room.message"]
        return tuple(
            Shown(event["event_id"], event["sender"], event["content"].get("url")) for event in messages
        )

    def picture(self, media: str) -> bytes | None:
        """The bytes of a picture; None if the server says that there is none."""
        answer = self._client.get(
            path(_MEDIA, *media.removeprefix("mxc://").split("/")), max_bytes=_MOST_BYTES
        )
        if answer.status not in {OK, NOT_FOUND}:
            raise PlatformError(f"{media} cannot be asked for: {answer.status}")
        return answer.body if answer.status == OK else None

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
