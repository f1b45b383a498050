"""Where no picture may be kept: takes out of what was recorded the file, and whatever shows it besides.

An answer about a message can hold a likeness of its picture: a blurred one in thirty letters (blurhash),
the address of a small one, the key of an encrypted one, or the picture itself as a `data:` address. A
connector says what its platform calls such members (`Recording.likenesses`); addresses of that kind, and
long runs of base64, are looked for in every text. What is left of an answer is JSON written anew. An answer
that is no JSON cannot be searched, so all of it goes: what is not understood is not kept.
"""

import hashlib
import json
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from takeback.connectors.api import Exchange, Recording, Resource

_INLINE = re.compile(
    r"""data:[^\s"'<>\\,]*,[^\s"'<>\\]*"""  # RFC 2397
    r"|[A-Za-z0-9+/_=-]{200,}",  # far longer than any id, hash or signature
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TakenOut:
    """One thing that is not kept, and what it was."""

    exchange: int
    """In which of the recording's exchanges it stood."""
    where: str
    """Its place in the body as a JSON pointer (RFC 6901); empty: the whole body."""
    bytes: int
    sha256: str
    """Of a text its UTF-8; of another value its JSON, keys sorted, without spaces; of a body itself."""


def redacted(recording: Recording) -> tuple[Recording, tuple[TakenOut, ...]]:
    """The same without picture, and what was taken out of it. Answers that hold none stay byte for byte."""
    exchanges, gone = list[Exchange | Resource](), list[TakenOut]()
    for number, exchange in enumerate(recording.exchanges):
        whole = number == recording.file
        bare, found = (
            (b"", [_taken(number, "", exchange.body)])
            if whole
            else _search(number, exchange.body, recording.likenesses)
        )
        gone += found
        exchanges.append(replace(exchange, body=bare, whole=False) if found else exchange)
    target = replace(recording.target, media=recording.bare_media or recording.target.media)
    return replace(recording, target=target, exchanges=tuple(exchanges), opened=None), tuple(gone)


def _search(number: int, body: bytes, names: AbstractSet[str]) -> tuple[bytes, list[TakenOut]]:
    if not body:
        return body, []
    found: list[TakenOut] = []
    try:
        bare = _bare(json.loads(body), "", number, names, found)
        return (json.dumps(bare, separators=(",", ":")).encode(), found) if found else (body, [])
    except (ValueError, RecursionError):
        return b"", [_taken(number, "", body)]


def _bare(value: object, where: str, number: int, names: AbstractSet[str], found: list[TakenOut]) -> object:
    """A value without what shows a picture; that is put down in `found`."""
    match value:
        case dict():
            kept = {}
            for name, inner in value.items():
                below = f"{where}/{name.replace('~', '~0').replace('/', '~1')}"
                if name.rpartition(".")[2].lower() in names or _INLINE.search(name):
                    found.append(_taken(number, below, _written(inner)))
                else:
                    kept[name] = _bare(inner, below, number, names, found)
            return kept
        case list():
            return [_bare(inner, f"{where}/{n}", number, names, found) for n, inner in enumerate(value)]
        case str():
            found += [_taken(number, where, _written(each[0])) for each in _INLINE.finditer(value)]
            return _INLINE.sub("", value)
        case _:
            return value


def _written(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _taken(number: int, where: str, data: bytes) -> TakenOut:
    return TakenOut(number, where, len(data), hashlib.sha256(data).hexdigest())
