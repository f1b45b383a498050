"""The connector for a Matrix homeserver (Synapse).

Three pairs of eyes look: a moderation account that is a server administrator (it reads and acts), an ordinary
account, and nobody. The access is a client's: nothing on the server changes but two accounts. The cost is
that the moderation account shows in the member list of each room that it watches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from takeback.connectors.api import (
    Action,
    Batch,
    Capabilities,
    Look,
    Post,
    Receipt,
    Recording,
    StreamId,
    Surface,
    Target,
    Trouble,
    Vantage,
)
from takeback.connectors.matrix import links
from takeback.connectors.matrix.addresses import key_of
from takeback.connectors.matrix.answers import moment, text
from takeback.connectors.matrix.calls import ADMIN, CLIENT, MEDIA, Caller, file_in
from takeback.connectors.matrix.control import ControlKeeper, without_posts_of
from takeback.connectors.matrix.health import examine
from takeback.connectors.matrix.looks import Visitor, look_everywhere
from takeback.connectors.matrix.posts import media_of_event, newest_edit, redacted_by
from takeback.connectors.matrix.recording import record_message
from takeback.connectors.matrix.removal import event_as_admin, media_of, quarantine_media, redact_message
from takeback.connectors.matrix.room_list import RoomList
from takeback.connectors.matrix.rooms import RoomKeeper
from takeback.connectors.matrix.stream import LIVE, watch_history, watch_live
from takeback.connectors.platform import Account, Platform
from takeback.errors import Gone, NotAllowed
from takeback.infra.addresses import an_origin
from takeback.infra.outbound import OutboundClient, Timeouts, path


class MatrixSettings(BaseModel):
    """An account of moderation on one homeserver, and how to reach it."""

    url: Annotated[str, AfterValidator(an_origin)] = Field(
        description="Client API of the homeserver, as http://127.0.0.1:8008."
    )
    admin_token: SecretStr = Field(
        description="Access token of the moderation account (a server administrator).", min_length=1
    )
    member_token: SecretStr | None = Field(
        None, description="Access token of an ordinary account, to look as a member does.", min_length=1
    )
    discover_every: float = Field(
        10.0, gt=0, le=86_400, allow_inf_nan=False, description="Seconds between looks for new public rooms."
    )


@dataclass(frozen=True, slots=True)
class Pace:
    """Limits of one question; tests are less patient."""

    wait_seconds: float = 1.5
    """Longest wait of `watch` for something to happen."""
    timeline: int = 50
    """Events of one room in one answer; what is beyond is read as history."""
    timeouts: Timeouts = field(default_factory=Timeouts)


class MatrixConnector:
    """One homeserver. Safe to share between threads, except that one at a time watches the live stream.

    Args:
        settings: how to reach it; nothing is asked before the first call.
        account: what the operator calls it.
        pace: how much is asked at a time.

    Raises:
        ConfigurationError: a setting cannot be.
    """

    def __init__(self, settings: MatrixSettings, account: Account, pace: Pace | None = None) -> None:
        self.name = account.name
        self._account = account
        self._url = settings.url
        self._pace = pace or Pace()
        member = settings.member_token
        self._admin = Caller(self._connect(settings.admin_token.get_secret_value()))
        self._member = Caller(self._connect(member.get_secret_value())) if member else None
        self._visitor = Visitor(self._connect)
        every = timedelta(seconds=settings.discover_every)
        self._list = RoomList(self._admin, every)
        self._rooms = RoomKeeper(self._admin, every, self._list)
        self._control = ControlKeeper(self._admin)
        self._user_id = ""

    def capabilities(self) -> Capabilities:
        """Return what a Synapse offers."""
        return Capabilities(
            surfaces=tuple(Surface),
            vantages=tuple(vantage for vantage in Vantage if vantage is not Vantage.MEMBER or self._member),
            actions=tuple(Action),
            shut_out=(Vantage.ANONYMOUS,),
            links=links.FORMS,
        )

    def streams(self) -> Sequence[StreamId]:
        """Return the live one; it opens the others."""
        return (LIVE,)

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        """See `connectors.api`. Raises PlatformError."""
        if stream != LIVE:
            if cursor is None:
                raise Gone("a history stream begins with the cursor that it was opened with")
            return without_posts_of(self._own_user_id(), watch_history(self._admin, cursor))
        batch = watch_live(
            self._admin,
            self._rooms,
            self._own_user_id(),
            cursor,
            wait_seconds=self._pace.wait_seconds,
            timeline=self._pace.timeline,
        )
        return without_posts_of(self._own_user_id(), batch)

    def locate(self, link: str) -> Post | None:
        """See `connectors.api`; the ways to name a message are those of `links`. A message without a
        picture is a post without media. Event ids are unique across rooms, so a room in the link is not
        relied on. A message that was edited shows what it says now, and said first: both are in the post.
        """
        name = links.parse(link)
        if name is None:
            return None
        raw = self._admin.get(path(ADMIN, "fetch_event", name.event))
        target = Target(text(raw, "event", "room_id"), name.event, "")
        # That was the database's copy, which outlives a redaction; this is what people are shown.
        event = event_as_admin(self._admin, target)
        if redacted_by(event):
            raise Gone("the message was redacted")
        return Post(
            target.place,
            target.message,
            text(event, "sender"),
            moment(event, "origin_server_ts"),
            tuple(dict.fromkeys(media_of_event(event) + media_of_event(newest_edit(event)))),
        )

    def fetch(self, media: str, max_bytes: int) -> bytes:
        """See `connectors.api`. Raises Gone, Unreadable or another PlatformError."""
        server, identity = media_of(media)
        answer = self._admin.client.get(path(MEDIA, "download", server, identity), max_bytes=max_bytes)
        data = file_in(answer, max_bytes)
        key = key_of(media)
        return data if key is None else key.open(data)

    def act(self, action: Action, target: Target, key: str) -> Receipt:
        """See `connectors.api`. Raises PlatformError."""
        match action:
            case Action.QUARANTINE_MEDIA:
                return quarantine_media(self._admin, target)
            case Action.REDACT_MESSAGE:
                return redact_message(self._admin, self._own_user_id(), target, key)

    def verify(self, target: Target) -> Sequence[Look]:
        """See `connectors.api`, and `looks` for what counts as gone."""
        return look_everywhere(self._visitor, self._member, self._admin, target)

    def control(self) -> Target:
        """See `connectors.api`, and `control` for what it is. Raises PlatformError."""
        return self._control.target(self._own_user_id())

    def record(self, target: Target, max_bytes: int) -> Recording:
        """See `connectors.api.Recorder`. Raises PlatformError, Unreadable."""
        return record_message(self._admin, target, max_bytes)

    def exists(self, place: str, message: str) -> bool:
        """See `connectors.api.Recorder`. Raises PlatformError."""
        try:
            return redacted_by(event_as_admin(self._admin, Target(place, message, ""))) is None
        except Gone:
            return False

    def link(self, place: str, message: str) -> str:
        """See `connectors.api.Linker`."""
        return links.format_link(links.MessageName(message, place))

    def health(self) -> Sequence[Trouble]:
        """See `connectors.api.Examined`."""
        refused = list(self._rooms.refused.values())
        return examine(self._admin, self._member, refused, self._account.variable)

    def close(self) -> None:
        """Let go of the connections."""
        self._list.close()
        self._visitor.close()
        for account in (self._admin, self._member):
            if account is not None:
                account.close()

    def _connect(self, token: str | None) -> OutboundClient:
        return OutboundClient(self._url, token=token, timeouts=self._pace.timeouts)

    def _own_user_id(self) -> str:
        """Asked once. Raises NotAllowed if the token is refused."""
        if not self._user_id:
            answer = self._admin.get(path(CLIENT, "account", "whoami"))
            self._user_id = text(answer, "user_id")
            if not self._user_id:
                raise NotAllowed("the homeserver does not say whose access token ours is")
        return self._user_id


PLATFORM = Platform(MatrixSettings, MatrixConnector, implied_by="url")
