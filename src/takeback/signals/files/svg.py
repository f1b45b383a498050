"""Pictures inside an SVG: what its attributes and style sheets hold as `data:` addresses.

Expat parses, in the study child only. It expands entities inside the file, as browsers do, refuses what they
would blow up, and asks for nothing outside. Drawn shapes are not rendered.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes
from xml.parsers import expat

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.parts.budget import Budget
from takeback.signals.parts.decode import MAX_BYTES, said_as_unreadable

MOST_PICTURES = 32
_GZIP = b"\x1f\x8b"
_WITH_GZIP_HEADER = 31
_ADDRESS = re.compile(r"data:([^,]{0,200}),", re.IGNORECASE)
_ENDS = re.compile(r"[\"')]")
_MOST_TEXT = 64 << 20


class _Holder:
    """Collects what may hold an address while the file is parsed."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self.is_svg: bool | None = None
        self._text: list[str] = []
        self._room = _MOST_TEXT

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.is_svg is None:
            self.is_svg = name.rpartition(":")[2].lower() == "svg"
            if not self.is_svg:
                raise Unreadable(WhyUnreadable.NOT_A_PICTURE, "markup that is no SVG")
        self.end(name)
        for value in attributes.values():
            self._keep(value)

    def text(self, value: str) -> None:
        self._text.append(value)

    def end(self, name: str) -> None:
        """Text came in pieces; one that holds an address is a style sheet."""
        del name
        if self._text:
            self._keep("".join(self._text))
            self._text.clear()

    def _keep(self, value: str) -> None:
        if "data:" in value.lower():
            self._room -= len(value)
            if self._room < 0:
                raise Unreadable(WhyUnreadable.TOO_MANY_BYTES, "an SVG that unpacks to too much")
            self.values.append(value)


def pictures_inside(data: bytes, budget: Budget) -> Iterator[tuple[int, bytes]]:
    """Yield the files that an SVG holds: their number, from 1, and their bytes.

    Raises Unreadable: NOT_A_PICTURE, if it is no SVG; DAMAGED; TOO_MANY_BYTES.
    """
    with said_as_unreadable():
        text = _inflated(data) if data.startswith(_GZIP) else data
        budget.take_bytes(len(text))
        holder = _Holder()
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = holder.start
        parser.EndElementHandler = holder.end
        parser.CharacterDataHandler = holder.text
        _parse(parser, text, holder)
        found = [file for value in holder.values for file in _files(value)]
    budget.leave_out(len(found) - MOST_PICTURES)
    yield from enumerate(found[:MOST_PICTURES], 1)


def _parse(parser: expat.XMLParserType, text: bytes, holder: _Holder) -> None:
    try:
        parser.Parse(text, True)  # noqa: FBT003 (it is the last piece)
    except expat.ExpatError as error:
        if holder.is_svg is None:
            raise Unreadable(WhyUnreadable.NOT_A_PICTURE, "no markup") from error
        # A browser shows what came before the fault.
        if not holder.values:
            raise


def _inflated(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(_WITH_GZIP_HEADER)
    text = unpacker.decompress(data, MAX_BYTES)
    if unpacker.unconsumed_tail:
        raise Unreadable(WhyUnreadable.TOO_MANY_BYTES, "an SVG that unpacks to too much")
    return text


def _files(value: str) -> Iterator[bytes]:
    """Yield the files that a value holds: an attribute is one address, a style sheet has several in
    quotes.
    """
    is_one = value.lstrip().lower().startswith("data:")
    for found in _ADDRESS.finditer(value):
        end = None if is_one else _ENDS.search(value, found.end())
        payload = value[found.end() : end.start() if end else None]
        file = _decoded(payload, is_base64=found[1].lower().replace(" ", "").endswith(";base64"))
        if file:
            yield file
        if is_one:
            return


def _decoded(payload: str, *, is_base64: bool) -> bytes:
    raw = unquote_to_bytes(payload)
    if not is_base64:
        return raw
    packed = b"".join(raw.split())
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4))
    except binascii.Error:
        return b""
