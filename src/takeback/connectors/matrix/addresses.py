"""Addresses of Matrix media: the one form that is stored, and all spellings that clients follow to it.

Stored is `mxc://server/id`. What lies outside the alphabet of ids is percent-encoded. The key of an encrypted
file stands behind a "#" (`encrypted`). `media_path` reads this form and no other.

A spelling in an event is read as the clients' download call reads it. Element (matrix-js-sdk) puts what
follows "mxc://" behind the path of the download endpoint. The browser normalises the result (WHATWG URL):
it drops tabs, line ends and outer blanks, turns backslashes into slashes, resolves dots, and ends the path
at "?" or "#". The server decodes percent signs and ignores a file name behind the id. Clients in Dart
(FluffyChat) take the scheme in any case and put the server's name into small letters. Where clients
disagree, each reading is an address of its own: one file too many costs a download, one too few is a
picture unseen.
"""

import html
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

from takeback.connectors.matrix.encrypted import FileKey

MAX_ID = 255
"""Letters of a media id, decoded."""
SCHEME = "mxc://"
_DOWNLOAD = "/_matrix/client/v1/media/download/"
_ID_LETTERS = "=~"

_SERVER = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")
_STORED = re.compile(r"(mxc://([^/#]+)/([^/#]+))(?:#(.*))?", re.DOTALL)
_SCHEME = re.compile(r"mxc:", re.IGNORECASE)
_PLAIN = re.compile(r"mxc://[a-z0-9.:-]{1,255}/[A-Za-z0-9_-]{1,255}")
_INSIDE = re.compile(r"mxc://[^\s\"'<>`(),;|^]+", re.IGNORECASE)
_ENDPOINT = re.compile(r"/_matrix/(?:client|media)/[^\s\"'<>`(),;|^]+", re.IGNORECASE)
_ASKED = re.compile(
    r"/_matrix/(?:client/[^/]+/media|media/[^/]+)/(?:download|thumbnail)/([^/]+)/([^/]+)(?:/.*)?"
)
_ATTRIBUTE = re.compile(r"""=\s*(?:"([^"]*)"|'([^']*)')""")
_DROPPED = str.maketrans("", "", "\t\r\n")
_BLANK = "".join(map(chr, range(0x21))) + "\x7f\x85\xa0\u2028\u2029\ufeff"
_DOT = frozenset({".", "%2e"})
_TWO_DOTS = frozenset({"..", ".%2e", "%2e.", "%2e%2e"})


def media_path(address: str) -> tuple[str, str] | None:
    """Return server and media id of a stored address, with or without a key; None if it is not one."""
    found = _STORED.fullmatch(address)
    if found is None or not address.isascii() or not _SERVER.fullmatch(found[2]):
        return None
    identity = unquote(found[3], errors="replace")
    if not _is_id(identity) or found[1] != format_address(found[2], identity):
        return None
    if found[4] is not None and FileKey.parse(found[4]) is None:
        return None
    return found[2], identity


def key_of(address: str) -> FileKey | None:
    """Return the key of the file of a stored address; None if it is not encrypted."""
    return FileKey.parse(address.partition("#")[2])


def without_key(address: str) -> str:
    """Return a stored address that tells where the file is, and does not open it."""
    return address.partition("#")[0]


def format_address(server: str, identity: str) -> str:
    """Return the stored form, without a key."""
    return f"mxc://{server}/{quote(identity, safe=_ID_LETTERS)}"


def with_key(address: str, key: FileKey) -> str:
    """Return a stored address together with what opens its file."""
    return f"{without_key(address)}#{key.format()}"


def is_mxc(written: str) -> bool:
    """Return whether a value claims to be an mxc address, well formed or not."""
    return _SCHEME.match(written.lstrip(_BLANK)) is not None


def read_spelling(written: str) -> tuple[str, ...]:
    """Return the stored forms of what clients fetch for an address as it stands in an event; none if none do.

    Args:
        written: the whole value, such as that of `url`.
    """
    bare = written.strip(_BLANK).translate(_DROPPED)
    return _asked_for(_DOWNLOAD + bare[len(SCHEME) :]) if bare[: len(SCHEME)].lower() == SCHEME else ()


def addresses_in(written: str) -> tuple[tuple[str, ...], bool]:
    """Return the stored forms of all media whose address stands in a text, and whether all were read.

    Looked for are mxc addresses and download addresses of any homeserver, bare, percent-encoded, and in HTML.
    Each comes once, in order.
    """
    if _PLAIN.fullmatch(written):  # nearly every address; the rest below would find the same
        return (written,), True
    found: dict[str, None] = {}
    understood = True
    for text in _readings(written):
        if not _may_hold(text):
            continue
        whole = read_spelling(text)
        found |= dict.fromkeys(whole)
        for inside in _INSIDE.findall(text):
            read = read_spelling(inside.rstrip(".:!"))
            understood = understood and bool(read or whole)
            found |= dict.fromkeys(read)
        for inside in _ENDPOINT.findall(text):
            found |= dict.fromkeys(_asked_for(inside))
    return tuple(found), understood and (bool(found) or not is_mxc(written))


def _may_hold(text: str) -> bool:
    """Cheap, and never false where an address stands: most texts hold none."""
    low = text.lower()
    return "mxc:" in low or "/_matrix/" in low


def _readings(written: str) -> Iterator[str]:
    """Yield a text as it stands, and as clients unwrap it."""
    yield written
    plain = html.unescape(written) if "&" in written else written
    if plain != written:
        yield plain
    if "=" in written and _may_hold(plain):
        for double, single in _ATTRIBUTE.findall(written):
            yield html.unescape(double or single)
    if "%" in plain:
        yield unquote(plain, errors="replace")


def _asked_for(path: str) -> tuple[str, ...]:
    """Return the stored forms of what a server gives for a path as a client writes it."""
    found = _ASKED.fullmatch(_resolved(path))
    if found is None:
        return ()
    server, identity = (unquote(part, errors="replace") for part in found.groups())
    host = server.rpartition("@")[2]  # in Dart, a user's name before it is no part of it
    if not _SERVER.fullmatch(host) or not _is_id(identity):
        return ()
    names = (host.lower(),) if host != server else (server, server.lower())
    return tuple(dict.fromkeys(format_address(each, identity) for each in names))


def _resolved(path: str) -> str:
    """Return a path as browsers normalise it (WHATWG URL, "path state")."""
    path = path.encode("utf-8", "replace").decode().replace("\\", "/")
    parts = list[str]()
    for part in re.split(r"[?#]", path, maxsplit=1)[0].split("/")[1:]:
        low = part.lower()
        if low in _TWO_DOTS:
            del parts[-1:]
        elif low not in _DOT:
            parts.append(part)
    return "/" + "/".join(parts)


def _is_id(identity: str) -> bool:
    return 0 < len(identity) <= MAX_ID and identity not in {".", ".."}
