"""The protocol that every platform's connector fills.

A connector knows one platform's calls and nothing of cases. It holds no state beyond its HTTP client:
cursors, leases and plans live in the rooms that call it, so a killed process leaves nothing behind. It raises
`errors.PlatformError` only: `Gone` when the platform itself said so, `Unavailable` for whatever may pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Surface(StrEnum):
    """A place where a picture can still be seen. Message and media are removed, and checked, separately."""

    MESSAGE = "message"
    MEDIA = "media"
    THUMBNAIL = "thumbnail"


class Vantage(StrEnum):
    """The eyes that look. Gone means gone for each of them."""

    ANONYMOUS = "anonymous"
    MEMBER = "member"
    ADMIN = "admin"


class State(StrEnum):
    """The result of a look."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDETERMINED = "undetermined"
    """No usable answer; never to be read as absent."""


class Action(StrEnum):
    """A removal that a platform can do."""

    REDACT_MESSAGE = "redact_message"
    QUARANTINE_MEDIA = "quarantine_media"


@dataclass(frozen=True, slots=True)
class Media:
    """One picture of a post."""

    address: str
    """The platform's own address, such as mxc://server/id; with what opens it, if it is encrypted."""
    content_type: str = ""
    """As the poster's client claimed it; not to be trusted."""
    size: int | None = None
    """Bytes, as claimed."""


@dataclass(frozen=True, slots=True)
class Post:
    """One public message that carries pictures."""

    place: str
    """Room, channel or group id on the platform."""
    message: str
    """The message's id within the platform."""
    sender: str
    posted_at: datetime
    media: tuple[Media, ...]


@dataclass(frozen=True, slots=True)
class StreamId:
    """A stream of posts that one watcher leases and reads on from a cursor."""

    name: str
    """Stable and unique within the connector, such as "live" or "history:!room:server"."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """The platform says that a message was deleted, by somebody else than our own account."""

    place: str
    message: str
    """The one that was deleted; it need not have carried a picture."""


class UnseenKind(StrEnum):
    """The reason for which something that people can see is not compared."""

    SHUT_OUT = "shut_out"
    """A place that does not let our account in: it bans it, or asks for an invitation or for knocking."""
    NOT_LISTED = "not_listed"
    """A public place that the platform's directory does not list, named by something that we did see."""
    ADDRESS = "address"
    """A post carries an address of media that we do not understand or do not follow."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something public that is not compared; counted and listed for people, never dropped without a word."""

    kind: UnseenKind
    place: str
    message: str
    """The post that carries it; empty for a whole place, and for what stands in a place's state."""
    why: str
    """In a few words, without content: such as the platform's error code, or the field's name."""


@dataclass(frozen=True, slots=True)
class Survey:
    """All places of a platform were looked at; these are the numbers."""

    listed: int
    """Public places in the platform's directory. 0: a directory that is empty."""
    unlisted: int
    """Public places besides, as far as the platform tells of them."""
    watched: int
    """Of both, those that we are let into."""
    trouble: str = ""
    """The platform's refusal to tell of places outside the directory; empty: it told."""


class TroubleKind(StrEnum):
    """Kinds of trouble that keep a platform from being watched."""

    AWAY = "away"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - the name of a trouble
    NOT_ADMINISTRATOR = "not_administrator"
    DIRECTORY_EMPTY = "directory_empty"
    SHUT_OUT = "shut_out"
    """Places that do not let our account in."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that somebody should know or mend, as a connector found it."""

    kind: TroubleKind
    words: str
    """For an operator: what is wrong, what follows, what to do. Names no place and no person."""
    serious: bool = True
    """False: worth knowing, and no reason to call the service degraded."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Posts of one stream, with where to read on. Committed whole, with the cursor, in one transaction."""

    posts: tuple[Post, ...]
    cursor: str
    """Opaque text; hand it back to `watch` for what comes next."""
    opens: tuple[tuple[StreamId, str], ...] = ()
    """Streams found on the way with their first cursor (a gap to be read backwards, a new room's history)."""
    done: bool = False
    """True when the stream has an end and this was it."""
    deletions: tuple[Deletion, ...] = ()
    """Of messages of whatever age, as far as the platform tells."""
    unseen: tuple[Unseen, ...] = ()
    """Parts of these posts, or of the places around them, that could not be looked at."""
    survey: Survey | None = None
    """Set: `unseen` names every whole place that is shut to us or not watched; others are seen again."""


@dataclass(frozen=True, slots=True)
class Target:
    """One picture in one message, to be acted on and looked at."""

    place: str
    message: str
    media: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question to the platform and its answer, byte for byte, but for our own secrets."""

    at: datetime
    """When it was asked, in UTC."""
    method: str
    url: str
    asked: tuple[tuple[str, str], ...]
    """The request's headers in their order; in place of an access token stands "(redacted)"."""
    status: int
    reason: str
    """The words beside the status; often empty."""
    said: tuple[tuple[str, str], ...]
    """The answer's headers, in their order and spelling."""
    body: bytes = field(repr=False)
    chain: tuple[bytes, ...] | None = field(default=None, repr=False)
    """The certificates that the other side showed, leaf first, as DER; None: it was plain HTTP."""
    peer: str = ""
    """Address and port that answered; empty if unknown."""
    whole: bool = True
    """False: what a picture could be seen by was taken out of the body, because it may not be kept."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A file as it lies in a folder or an object store: nobody was asked, so nobody answered."""

    at: datetime
    """When it was read, in UTC."""
    url: str
    """Its address, as file:///... or s3://..."""
    modified_at: datetime
    """When it was last written, as the folder or the store says."""
    body: bytes = field(repr=False)
    whole: bool = True
    """False: the body was taken out, because it may not be kept."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A message as the platform gave it out: the raw answers, and what they say."""

    target: Target
    sender: str
    posted_at: datetime
    exchanges: tuple[Exchange | Resource, ...]
    """The message, what stands around it, and the file; in the order of their asking. Where nobody can be
    asked, the file as it lies there.
    """
    file: int | None
    """Which of the exchanges is the file's; None: the platform no longer has it."""
    deleted: bool = False
    """People are not shown the message any more; the platform still gives its own copy to administrators."""
    expires_at: datetime | None = None
    """When the message deletes itself, if it does."""
    edits: tuple[str, ...] = ()
    """Messages that changed this one, and the one that this one changed."""
    forwarded_from: str | None = None
    """The origin that the message itself names."""
    around: tuple[str, ...] = ()
    """Messages before and after it that are in the recording, oldest first."""
    likenesses: frozenset[str] = frozenset()
    """Names of members of JSON that show a picture or lead to one beside the file, such as "blurhash".
    They are in small letters, without a prefix up to their last dot.
    """
    bare_media: str = ""
    """The target's address without what opens the file; empty: the address opens nothing."""
    encrypted: bool = False
    """The file travels encrypted, and the message brings its key."""
    opened: bytes | None = field(default=None, repr=False)
    """An encrypted file as people are shown it; None if they are shown nothing."""

    @property
    def picture(self) -> bytes | None:
        """The bytes of what people are shown, if the platform still had them."""
        if self.encrypted:
            return self.opened
        return None if self.file is None else self.exchanges[self.file].body


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of an action that succeeded."""

    words: str
    """The platform's answer, for the record."""
    already: bool = False
    """It was done before: there was nothing left to do, so we did not do it."""


@dataclass(frozen=True, slots=True)
class Look:
    """One target, seen from one vantage on one surface."""

    surface: Surface
    vantage: Vantage
    state: State
    seen: str
    """The platform's answer, for the record: status code and error code, never content."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The offer of a platform: plans ask for nothing else."""

    surfaces: tuple[Surface, ...]
    vantages: tuple[Vantage, ...]
    actions: tuple[Action, ...]
    notes: tuple[str, ...] = ()
    """For people, where there is no action: what they can do instead."""
    shut_out: tuple[Vantage, ...] = ()
    """To whom the platform may show nothing at all; an account sees whatever these could ever see."""
    links: tuple[str, ...] = ()
    """Regular expressions for the whole of a line, without white space around it: `locate` recognises what
    fits one of them, and nothing else. The portal, which knows no connector, is given them.
    """


class Connector(Protocol):
    """One platform."""

    name: str
    """Stable key stored beside every post, such as "matrix"."""

    def capabilities(self) -> Capabilities:
        """Return what this platform offers. It asks nobody."""
        ...

    def streams(self) -> Sequence[StreamId]:
        """Return the streams that no batch opens. Raises PlatformError."""
        ...

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        """Wait a bounded time (seconds) for posts after `cursor`; an empty batch is a fine answer.

        Asking twice with the same cursor gives the same posts again (and perhaps more). Raises PlatformError.
        """
        ...

    def locate(self, link: str) -> Post | None:
        """Return the post behind a link or message id as people paste it; None if it is not of this platform.

        Raises Gone if it is of this platform and not there, else PlatformError.
        """
        ...

    def fetch(self, media: str, max_bytes: int) -> bytes:
        """Return the bytes of one picture. Raises Gone, Unreadable(TOO_MANY_BYTES), PlatformError."""
        ...

    def act(self, action: Action, target: Target, key: str) -> Receipt:
        """Do one thing, once: the same `key` twice is one action.

        What is done already is success, and the receipt says that it was. The text that users can see says
        nothing of the matter.
        Raises PlatformError.
        """
        ...

    def verify(self, target: Target) -> Sequence[Look]:
        """Look at each surface from each vantage. A look that fails is UNDETERMINED; it raises nothing."""
        ...

    def control(self) -> Target | None:
        """Return a picture of ours that is there, looked at beside what may be gone; None: there is none.

        No stream ever brings it as a post. Raises PlatformError.
        """
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


@runtime_checkable
class Linker(Protocol):
    """A connector that can also name a place or message as people open it."""

    def link(self, place: str, message: str) -> str:
        """Return an https address; of the place alone if `message` is empty."""
        ...


@runtime_checkable
class Recorder(Protocol):
    """A connector that can also give a message out raw, to be kept as evidence."""

    def record(self, target: Target, max_bytes: int) -> Recording:
        """Ask for the message, its neighbours and its file, and return the answers as they came.

        Args:
            target: the picture and its message.
            max_bytes: of the file.

        Raises:
            Gone: the platform no longer has the message.
            Unreadable(TOO_MANY_BYTES): the file is longer.
            PlatformError: anything else.
        """
        ...

    def exists(self, place: str, message: str) -> bool:
        """Return whether people are still shown the message. Raises PlatformError where it is uncertain."""
        ...


@runtime_checkable
class Examined(Protocol):
    """A connector that can also say in words what keeps it from working."""

    def health(self) -> Sequence[Trouble]:
        """Return what our accounts lack, within seconds; nothing if all is well.

        It raises nothing: a platform that is away is a trouble.
        """
        ...


def abilities(connector: Connector) -> tuple[str, ...]:
    """Return in words what a connector can do, as its capabilities and the protocols that it fills say."""
    said = connector.capabilities()
    offered = {
        "following links": bool(said.links),
        **{each.value.replace("_", " "): True for each in said.actions},
        f"looks as {' and '.join(said.vantages)}": bool(said.surfaces),
        "evidence": isinstance(connector, Recorder),
        "links for people": isinstance(connector, Linker),
        "health": isinstance(connector, Examined),
    }
    return ("watching", *(words for words, has in offered.items() if has))
