"""What every platform's connector must be able to do: one file per platform fills this protocol.

A connector is a library: it knows one platform's calls and nothing of cases. It holds no state of its own
beyond its HTTP client; cursors, leases and plans live in the rooms that call it, so that a killed process
leaves nothing behind. Its faults are `errors.PlatformError` and nothing else:
`Gone` only when the platform itself said so, `Unavailable` for whatever may pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Surface(StrEnum):
    """Where a picture can still be seen. Message and media are removed, and checked, separately."""

    MESSAGE = "message"
    MEDIA = "media"
    THUMBNAIL = "thumbnail"


class Vantage(StrEnum):
    """Who looks. Gone means gone for each of them."""

    ANONYMOUS = "anonymous"
    MEMBER = "member"
    ADMIN = "admin"


class State(StrEnum):
    """What a look showed."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDETERMINED = "undetermined"
    """No usable answer; never to be read as absent."""


class Action(StrEnum):
    """What can be done to one post."""

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
    """What one watcher leases: a stream of posts that can be read on from a cursor."""

    name: str
    """Stable and unique within the connector, such as "live" or "history:!room:server"."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """The platform says that a message was deleted, by somebody else than our own account."""

    place: str
    message: str
    """The one that was deleted; it need not have carried a picture."""


class UnseenKind(StrEnum):
    """Why something that people can see is not compared."""

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
    """Why places outside the directory are not known, as the platform's refusal; empty: they are."""


class TroubleKind(StrEnum):
    """What keeps a platform from being watched as it should."""

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
    """What of these posts, or of the places around them, could not be looked at."""
    survey: Survey | None = None
    """Set: `unseen` names every whole place that is shut to us or not watched; others are seen again."""


@dataclass(frozen=True, slots=True)
class UserReport:
    """A report that a user filed with the platform itself."""

    place: str
    message: str
    reason: str
    reported_at: datetime


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
    """Where it lies, as file:///... or s3://..."""
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
    """Where the message says that it came from."""
    around: tuple[str, ...] = ()
    """Messages before and after it that are in the recording, oldest first."""
    likenesses: frozenset[str] = frozenset()
    """What members of JSON are called, in small letters and without a prefix up to their last dot, that show
    a picture or lead to one beside the file: such as "blurhash".
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
    """What came of an action that succeeded."""

    words: str
    """The platform's answer, for the record."""
    already: bool = False
    """It was done before: there was nothing left to do, so we did not do it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a target from one vantage on one surface."""

    surface: Surface
    vantage: Vantage
    state: State
    seen: str
    """What the platform answered, for the record: status code and error code, never content."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform offers, so that plans ask only for what exists."""

    surfaces: tuple[Surface, ...]
    vantages: tuple[Vantage, ...]
    actions: tuple[Action, ...]
    replay: str
    """In words: how far back a cursor can be replayed."""
    max_media_bytes: int
    notes: tuple[str, ...] = field(default=())
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
        """What this platform offers."""
        ...

    def streams(self) -> Sequence[StreamId]:
        """The streams that exist without having been opened by a batch. Raises PlatformError."""
        ...

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        """Wait a bounded time (seconds) for posts after `cursor`; an empty batch is a fine answer.

        Asking twice with the same cursor gives the same posts again (and perhaps more). Raises PlatformError.
        """
        ...

    def locate(self, link: str) -> Post | None:
        """The post behind a link or message id as people paste it; None if it is not of this platform.

        Raises Gone if it is of this platform and not there, else PlatformError.
        """
        ...

    def fetch(self, media: str, max_bytes: int) -> bytes:
        """The bytes of one picture. Raises Gone, Unreadable(TOO_MANY_BYTES) or another PlatformError."""
        ...

    def reports(self, cursor: str | None) -> tuple[Sequence[UserReport], str]:
        """What users reported to the platform since `cursor`, oldest first, with the next cursor."""
        ...

    def act(self, action: Action, target: Target, key: str) -> Receipt:
        """Do one thing, once: the same `key` twice is one action.

        What is done already is success, and the receipt says that it was. The text that users can see says
        nothing of the matter.
        Raises PlatformError.
        """
        ...

    def verify(self, target: Target) -> Sequence[Look]:
        """Look again at each surface from each vantage. Never raises for one look's failure: that look is
        UNDETERMINED.
        """
        ...

    def control(self) -> Target | None:
        """A picture that is certainly there, to be looked at beside what may be gone; None: there is none.

        It is ours, is kept by us, and no stream ever brings it as a post. Raises PlatformError.
        """
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


@runtime_checkable
class Linker(Protocol):
    """What a connector may be able to do besides: name a place or message as people open it."""

    def link(self, place: str, message: str) -> str:
        """An https address; of the place alone if `message` is empty."""
        ...


@runtime_checkable
class Recorder(Protocol):
    """What a connector may be able to do besides: give a message out raw, to be kept as evidence."""

    def record(self, target: Target, max_bytes: int) -> Recording:
        """Ask for the message, what is around it and its file, and give the answers as they came.

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
        """Whether people are still shown the message. Raises PlatformError where that is not certain."""
        ...


@runtime_checkable
class Examined(Protocol):
    """What a connector may be able to do besides: say in words what keeps it from working."""

    def health(self) -> Sequence[Trouble]:
        """Ask the platform, within seconds, whether our accounts can do what is needed. Never raises
        PlatformError: a platform that is away is a trouble. Empty: all is well.
        """
        ...
