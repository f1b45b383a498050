"""Finds every address of media in a value that a stranger wrote, whatever type the event claims to have.

The walk goes through all of it, level by level, so that nothing nested pushes out what stands on top. It
knows no event types: what carries a picture in one field today carries it in another tomorrow. A key beside
an address makes it an encrypted file; then the address alone leads to nothing that can be seen.

What is found and cannot be followed is said, and so is what exceeds a bound. An event has at most 65,536
bytes (client-server API, "Size limits"), so only what was made to meet a bound meets it.
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from takeback.connectors.api import Media
from takeback.connectors.matrix.addresses import addresses_in, read_spelling, with_key
from takeback.connectors.matrix.answers import at, members, number, text
from takeback.connectors.matrix.encrypted import claims_key, read_keys

MOST_MEDIA = 256
"""Of one event; a pack of emotes has about a hundred."""
MOST_VALUES = 70_000
"""More than fit into one event."""
MOST_WHYS = 16
"""Things that are said of one event; all others are one more."""
MAX_SIZE_CLAIM = 2**53 - 1

_SHOWN_FIRST = frozenset(
    {"content", "m.new_content", "url", "file", "info", "thumbnail_url", "thumbnail_file", "avatar_url"}
)
"""The names on the way to what clients show as the picture of an event: no crowd of other fields hides it."""
_CONTENTS = frozenset({"content", "m.new_content"})
"""Objects whose `url` is shown as it is, whatever stands beside it."""
_CONTENT_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
_SHOWS = re.compile(
    r"(?:^|[._:])(?:avatar|thumb(?:nail)?|image|img|icon|logo|poster|picture|photo|banner|background|cover|"
    r"media|video|file|src)(?:[._:](?:url|uri|src))?$|^(?:url|uri)$",
    re.IGNORECASE,
)
"""Names of fields that are shown as a picture."""
_WEB = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_WEB_PICTURE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|heic|bmp|svg|mp4|webm|mov|m4v)(?:[?#]|$)", re.IGNORECASE
)
_WEB_SOURCE = re.compile(r"src\s*=[\s\"']*(?:https?:)?//", re.IGNORECASE)
_INLINE = re.compile(r"data:(?:image|video)/", re.IGNORECASE)
_PERCENT = re.compile("%[0-9A-Fa-f]{2}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._:-]")

Trail = tuple[str, ...]
"""The names above a value, outermost first."""
_Waiting = deque[tuple[object, Trail, Mapping[str, object]]]
"""A value, how it was reached, and what the event claims of the medium there."""


@dataclass(slots=True)
class Walked:
    """The finds of a walk, in their order."""

    media: dict[str, Media] = field(default_factory=dict)
    """By address."""
    unseen: dict[str, None] = field(default_factory=dict)
    """Reasons for not following something, in words without content."""

    def add(self, address: str, claims: Mapping[str, object], trail: Trail) -> None:
        """Take one more medium in, if there is room; for what clients show first there is room of its own."""
        if address in self.media:
            return
        if len(self.media) < MOST_MEDIA or (
            len(self.media) < 2 * MOST_MEDIA and _SHOWN_FIRST.issuperset(trail)
        ):
            self.media[address] = _media(address, claims)
        else:
            self.say(f"more than {MOST_MEDIA} addresses of media in one event")

    def read(self, written: str, trail: Trail, claims: Mapping[str, object] = MappingProxyType({})) -> None:
        """Take in what is addressed in a text, and say what of it is not followed."""
        if not may_lead(written):
            return
        addresses, understood = read_spelling(written) if trail[-1] in _SHOWN_FIRST else (), True
        if not addresses:
            addresses, understood = addresses_in(written)
        for address in addresses:
            self.add(address, claims, trail)
        if not understood:
            self.say("an mxc address that is not understood", trail)
        if "data:" in written.lower() and _INLINE.search(written):
            self.say("a picture written out in the event itself", trail)
        if not addresses and "//" in written and _shows_web(written, trail[-1]):
            self.say("an address on the web", trail)

    def say(self, why: str, trail: Trail = ()) -> None:
        """Note that something is not followed."""
        said = f"{why} in {_named(trail)}" if trail else why
        self.unseen[said if len(self.unseen) < MOST_WHYS else "more addresses that are not followed"] = None


def walk(value: object, name: str = "content") -> Walked:
    """Look through all of a value of JSON. Never raises for what stands in it.

    Args:
        value: as `json.loads` gives it.
        name: what the value is called in what is said of it.
    """
    walked = Walked()
    waiting: _Waiting = deque([(value, (name,), {})])
    left = MOST_VALUES
    while waiting:
        here, trail, claims = waiting.popleft()
        left -= 1
        if left < 0:
            walked.say(f"more than {MOST_VALUES} values in one event")
            break
        if isinstance(here, str):
            walked.read(here, trail, claims)
        elif isinstance(here, Mapping):
            _enter(here, trail, claims, walked, waiting)
        elif isinstance(here, list):
            waiting.extend((inner, trail, claims) for inner in here)
    return walked


def may_lead(written: str) -> bool:
    """Return whether a text is worth a closer look; nearly none is, and this must be cheap."""
    return (
        "//" in written
        or (":" in written and ("mxc" in (low := written.lower()) or "data:" in low))
        or "&" in written
        or "/_matrix" in written
        or ("%" in written and _PERCENT.search(written) is not None)
    )


def _enter(
    here: Mapping[str, object], trail: Trail, claims: Mapping[str, object], walked: Walked, waiting: _Waiting
) -> None:
    """Read what an object says as a whole, and queue its members."""
    opened = "key" in here and claims_key(here) and _read_encrypted(here, trail, claims, walked)
    for name, inner in here.items():
        if len(name) > len("mxc://"):
            walked.read(name, trail)
        if isinstance(inner, str):
            if may_lead(inner) and not (opened and name == "url"):
                walked.read(inner, (*trail, name), _claims(here, name, claims))
        elif not isinstance(inner, int | float | None):
            waiting.append((inner, (*trail, name), _claims(here, name, claims)))


def _read_encrypted(
    here: Mapping[str, object], trail: Trail, claims: Mapping[str, object], walked: Walked
) -> bool:
    """Take an encrypted file in; whether its address says nothing more by itself."""
    url, keys = at(here, "url"), read_keys(here)
    if not isinstance(url, str) or not url:
        return False
    if not keys:
        walked.say("a key that no client takes", trail)
        return False
    for address in read_spelling(url):
        for key in keys:
            walked.add(with_key(address, key), claims, trail)
    return bool(read_spelling(url)) and trail[-1] not in _CONTENTS


def _shows_web(written: str, name: str) -> bool:
    """Return whether a client could show a picture from the web for this text."""
    bare = written.strip()
    if bare.lower().startswith(("http://", "https://", "//")) and _SHOWS.search(name):
        return True
    return _WEB_SOURCE.search(written) is not None or any(
        _WEB_PICTURE.search(each) for each in _WEB.findall(written)
    )


def _claims(here: Mapping[str, object], name: str, above: Mapping[str, object]) -> Mapping[str, object]:
    """Return what an object claims of the medium that one of its members leads to."""
    stem = name.removesuffix("_url").removesuffix("_file")
    if stem != name and (info := members(here, f"{stem}_info")):
        return info
    if name in {"url", "file"}:
        return members(here, "info") or (here if "mimetype" in here else above)
    return above if name == "info" else {}


def _media(address: str, claims: Mapping[str, object]) -> Media:
    claimed, size = text(claims, "mimetype"), number(claims, "size")
    return Media(
        address,
        claimed if _CONTENT_TYPE.fullmatch(claimed) else "",
        size if size is not None and 0 <= size <= MAX_SIZE_CLAIM else None,
    )


def _named(trail: Trail) -> str:
    """Names that a stranger chose, fit for a table."""
    return ".".join(_UNSAFE.sub("?", name)[:40] for name in trail[:6])
