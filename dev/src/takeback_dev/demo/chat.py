"""An ordinary person on a Matrix server: makes rooms, posts pictures, reports.

The demo's crowd and the tests' posters. It is not the connector, and shares no code with it, so that a
mistake in one does not hide in the other.
"""

from itertools import count
from types import TracebackType
from typing import Self
from uuid import uuid4

from takeback.errors import PlatformError
from takeback.infra.outbound import Answer, OutboundClient, path

CLIENT = "/_matrix/client/v3"
OK = 200


class ChatUser:
    """One signed-in account.

    Args:
        origin: of the homeserver.
        user_id: as @name:server.
        token: the account's access token.
    """

    def __init__(self, origin: str, user_id: str, token: str) -> None:
        self.user_id = user_id
        self.token = token
        self._client = OutboundClient(origin, token=token)
        self._run = uuid4().hex
        self._numbers = count()

    @classmethod
    def sign_in(cls, origin: str, name: str, password: str) -> Self:
        """Sign in with a password. Raises PlatformError."""
        with OutboundClient(origin) as client:
            said = _fields(
                client.send(
                    "POST",
                    path(CLIENT, "login"),
                    document={
                        "type": "m.login.password",
                        "identifier": {"type": "m.id.user", "user": name},
                        "password": password,
                    },
                )
            )
        return cls(origin, said["user_id"], said["access_token"])

    def __enter__(self) -> Self:
        """For a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the connections."""
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def create_room(
        self, name: str, *, version: str | None = None, history: str = "world_readable", listed: bool = True
    ) -> str:
        """Make a room that everybody may join; its id.

        Args:
            name: as shown in the directory.
            version: of the room; None is the server's default.
            history: who may read what was said before they came (m.room.history_visibility).
            listed: in the public directory.
        """
        wanted: dict[str, object] = {
            "name": name,
            "preset": "public_chat",
            "visibility": "public" if listed else "private",
            "initial_state": [
                {
                    "type": "m.room.history_visibility",
                    "state_key": "",
                    "content": {"history_visibility": history},
                }
            ],
        }
        if version is not None:
            wanted["room_version"] = version
        return self._ask("POST", "createRoom", document=wanted)["room_id"]

    def join(self, room: str) -> None:
        """Join a room."""
        self._ask("POST", "join", room, document={})

    def leave(self, room: str) -> None:
        """Leave a room."""
        self._ask("POST", "rooms", room, "leave", document={})

    def upload(self, data: bytes, content_type: str = "image/jpeg") -> str:
        """Upload a file; its mxc address."""
        answer = self._client.send(
            "POST", "/_matrix/media/v3/upload", content=data, headers={"Content-Type": content_type}
        )
        return _fields(answer)["content_uri"]

    def post_picture(
        self, room: str, data: bytes, content_type: str = "image/jpeg", body: str = "picture"
    ) -> tuple[str, str]:
        """Upload a picture and post it; the message's id and the picture's mxc address."""
        media = self.upload(data, content_type)
        return self.post_media(room, media, content_type, len(data), body), media

    def post_media(
        self,
        room: str,
        media: str,
        content_type: str = "image/jpeg",
        size: int | None = None,
        body: str = "picture",
    ) -> str:
        """Post a picture that was uploaded before; the message's id."""
        info: dict[str, object] = {"mimetype": content_type}
        if size is not None:
            info["size"] = size
        return self.post(room, {"msgtype": "m.image", "body": body, "url": media, "info": info})

    def post_text(self, room: str, body: str) -> str:
        """Say something; the message's id."""
        return self.post(room, {"msgtype": "m.text", "body": body})

    def post(self, room: str, content: dict[str, object], kind: str = "m.room.message") -> str:
        """Send an event as it is; its id."""
        return self._ask("PUT", "rooms", room, "send", kind, self._number(), document=content)["event_id"]

    def delete(self, room: str, message: str) -> str:
        """Redact a message; the redaction's id."""
        return self._ask("PUT", "rooms", room, "redact", message, self._number(), document={})["event_id"]

    def _number(self) -> str:
        return f"{self._run}.{next(self._numbers)}"

    def _ask(self, method: str, *segments: str, document: dict[str, object]) -> dict[str, str]:
        return _fields(self._client.send(method, path(CLIENT, *segments), document=document))


def _fields(answer: Answer) -> dict[str, str]:
    """The text fields of an answer. Raises PlatformError with the server's own words if it refused."""
    said = answer.json()
    fields = (
        {name: value for name, value in said.items() if isinstance(value, str)}
        if isinstance(said, dict)
        else {}
    )
    if answer.status != OK:
        raise PlatformError(f"{answer.status} {fields.get('errcode', '')} {fields.get('error', '')}")
    return fields
