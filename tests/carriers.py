"""Every way to show a picture by an event on Matrix that we know of, and how to post it.

What clients show changes: a carrier that somebody finds is added to a table first (`carrier_messages`,
`carrier_states`). tests/contract/test_carriers.py posts each to a real homeserver, and writes the page.
"""

from collections.abc import Callable
from dataclasses import dataclass

from carriers_page import Carrier
from encrypted_files import KEY, encrypted
from platforms import picture
from takeback.infra.outbound import OutboundClient, path
from takeback_dev.demo.chat import ChatUser
from waiting import until

CLIENT = "/_matrix/client/v3"
Content = dict[str, object]
Posted = tuple[str, str]
"""Place and message."""


class Stage:
    """A public room with somebody who posts one picture in it, in whatever way.

    Args:
        origin: of the homeserver.
        admin: the token of an administrator.
        user: who posts; a person of its own, since some carriers change the profile.
        room: made by that person.
        data: the picture.
    """

    def __init__(self, origin: str, admin: str, user: ChatUser, room: str, data: bytes) -> None:
        self.origin, self.admin = origin, admin
        self.user, self.room, self.data = user, room, data
        self._media = ""

    @property
    def media(self) -> str:
        """The picture's address, uploaded when it is first asked for."""
        if not self._media:
            self._media = self.user.upload(self.data, "image/png")
        return self._media

    @property
    def place(self) -> str:
        """Server and id, without the scheme."""
        return self.media.removeprefix("mxc://")

    def sealed(self, **change: int) -> Content:
        """The picture once more, encrypted, as an EncryptedFile."""
        start = b"of tests" + (b"\xff" * 8 if change else bytes(8))
        ciphertext, file = encrypted(self.data, KEY, start, **change)
        return {**file, "url": self.user.upload(ciphertext, "application/octet-stream")}

    def harmless(self) -> str:
        """The address of another picture."""
        return self.user.upload(picture(), "image/png")

    def send(self, content: Content, kind: str = "m.room.message") -> Posted:
        """Post an event as it is."""
        return self.room, self.user.post(self.room, content, kind)

    def state(self, kind: str, content: Content, key: str = "", room: str = "") -> Posted:
        """Set a state of the room, or of another."""
        place = room or self.room
        return place, self._put("rooms", place, "state", kind, key, content=content)["event_id"]

    def current(self, kind: str, key: str, room: str = "") -> dict[str, object]:
        """The event that a state stands in."""
        where = path(CLIENT, "rooms", room or self.room, "state", kind, key, format="event")
        with OutboundClient(self.origin, token=self.user.token) as client:
            said = client.get(where).json()
        assert isinstance(said, dict)
        return said

    def purge(self, room: str, *, before: str) -> None:
        """Delete the past of a room up to a message; its state stays."""
        with OutboundClient(self.origin, token=self.admin) as client:

            def ask(method: str, where: str, document: Content | None = None) -> dict[str, str]:
                said = client.send(method, where, document=document).json()
                assert isinstance(said, dict)
                return said

            where = path("/_synapse/admin/v1/purge_history", room, before)
            purge = ask("POST", where, {"delete_local_events": True})["purge_id"]
            status = path("/_synapse/admin/v1/purge_history_status", purge)
            until(lambda: ask("GET", status)["status"] == "complete", 20, "the purge")

    def profile(self, field: str, value: object) -> None:
        """Change the poster's own profile."""
        self._put("profile", self.user.user_id, field, content={field: value})

    def _put(self, *where: str, content: Content) -> dict[str, str]:
        with OutboundClient(self.origin, token=self.user.token) as client:
            answer = client.send("PUT", path(CLIENT, *where), document=content)
        said = answer.json()
        assert answer.status == 200, said
        assert isinstance(said, dict)
        return said


@dataclass(frozen=True, slots=True)
class Tried:
    """A carrier, and the way to post it."""

    carrier: Carrier
    post: Callable[[Stage], Posted]
    said: str = ""
    """What a batch says of one that is not followed; empty: nothing, as nothing tells of it."""


PNG: Content = {"mimetype": "image/png"}


def message(kind: str, **content: object) -> Content:
    """The content of a message."""
    return {"msgtype": kind, "body": "words", **content}


def html(body: str) -> Content:
    """The content of a formatted message."""
    return message("m.text", format="org.matrix.custom.html", formatted_body=body)


def edit(stage: Stage, shown: Content) -> Posted:
    """Say something, and change it."""
    first = stage.user.post_text(stage.room, "first words")
    relation = {"rel_type": "m.replace", "event_id": first}
    return stage.send(message("m.text", **{"m.new_content": shown, "m.relates_to": relation}))


def seen(name: str, what: str, post: Callable[[Stage], Posted]) -> Tried:
    """A carrier that is compared."""
    return Tried(Carrier(name, what, seen=True), post)


def unseen(name: str, what: str, why: str, post: Callable[[Stage], Posted], said: str = "") -> Tried:
    """A carrier that is not compared, with its reason, and what a batch says of it."""
    return Tried(Carrier(name, what, seen=False, why=why), post, said)
