"""Canonical JSON (RFC 8785) as the package uses it: one value, one spelling, and no number but an integer.

A document that could be spelt in two ways could be changed without a change of meaning, or mean two things to
two readers (a repeated key). So what is not byte for byte the canonical form of what was read is refused.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import rfc8785

from takeback_verify.core.errors import Malformed

Value = str | int | bool | None | list["Value"] | dict[str, "Value"]
"""Values of a document: no floats."""

MAX_DOCUMENT = 64 * 2**20
"""Longest JSON document that is read, in bytes."""

_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_HASH_BYTES = 32
_TOO_LARGE = 2**53
"""Smallest integer that JSON's readers may confuse with its neighbour."""


def write(value: Value) -> bytes:
    """Return a value's canonical bytes. Raises Malformed for what has none (half a surrogate pair, 2**53)."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise Malformed(f"this has no canonical form: {error}") from error


def read(data: bytes, what: str) -> Value:
    """The value that `write` wrote; `what` names the document in messages.

    Raises Malformed: not JSON, a repeated key, a float, or another spelling of the same value.
    """
    if len(data) > MAX_DOCUMENT:
        raise Malformed(f"{what} is longer than {MAX_DOCUMENT} bytes")
    try:
        value: Value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_repeats,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_small,
        )
        # Of ASCII alone, the standard library's sorted JSON is the canonical form, and made much faster.
        spelt = _PLAIN.encode(value).encode() if data.isascii() else write(value)
    except Malformed as error:
        raise Malformed(f"{what}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{what} is not JSON in UTF-8") from error
    if spelt != data:
        raise Malformed(f"{what} is not in canonical form (RFC 8785)")
    return value


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object with exactly the fields that it should have; each method takes one out, by its type.

    All raise Malformed when the field holds something else.
    """

    what: str
    values: Mapping[str, Value]

    def text(self, name: str) -> str:
        """Text of one line, not empty, without control characters."""
        value = self.values[name]
        if not isinstance(value, str) or not value or _CONTROL.search(value):
            raise Malformed(f"{self.what}: {name} is not a line of text")
        return value

    def count(self, name: str) -> int:
        """An integer, 0 or more."""
        value = self.values[name]
        if type(value) is not int or value < 0:
            raise Malformed(f"{self.what}: {name} is not a number")
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.values[name]
        if not isinstance(value, bool):
            raise Malformed(f"{self.what}: {name} is neither true nor false")
        return value

    def digest(self, name: str) -> bytes:
        """32 bytes in lower-case hexadecimal."""
        value = self.text(name)
        if not _HEX.fullmatch(value) or len(value) != 2 * _HASH_BYTES:
            raise Malformed(f"{self.what}: {name} is not 64 lower-case hexadecimal digits")
        return bytes.fromhex(value)

    def uuid(self, name: str) -> str:
        """A UUID in lower case."""
        value = self.text(name)
        if not _UUID.fullmatch(value):
            raise Malformed(f"{self.what}: {name} is not a UUID in lower case")
        return value

    def time(self, name: str) -> datetime:
        """A moment in UTC with six decimals."""
        return parse_time(self.text(name))

    def rows(self, name: str) -> list[Value]:
        """A list."""
        value = self.values[name]
        if not isinstance(value, list):
            raise Malformed(f"{self.what}: {name} is not a list")
        return value

    def record(self, name: str, fields: frozenset[str]) -> "Record":
        """An object with these fields."""
        return record(self.values[name], f"{self.what}: {name}", fields)

    def first_version(self) -> None:
        """Check that "v" is 1."""
        if self.count("v") != 1:
            raise Malformed(f"{self.what}: version {self.values['v']}; only 1 is known")


def record(value: Value, what: str, fields: frozenset[str]) -> Record:
    """An object with exactly these fields. Raises Malformed for anything else."""
    if not isinstance(value, dict) or value.keys() != fields:
        raise Malformed(f"{what} does not have exactly the fields {', '.join(sorted(fields))}")
    return Record(what, value)


def is_uuid(text: str) -> bool:
    """Return whether this is a UUID in lower case."""
    return _UUID.fullmatch(text) is not None


def moment(at: datetime) -> str:
    """Return a time in UTC as RFC 3339 with six decimals and "Z". Raises Malformed without a time zone."""
    if at.tzinfo is None:
        raise Malformed("the time has no time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Return the time that `moment` wrote. Raises Malformed for any other spelling."""
    if not _TIME.fullmatch(text):
        raise Malformed(f"{text!r} is not a time in UTC with six decimals")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise Malformed(f"{text!r} is not a time: {error}") from error


def parse_base64(text: Value, what: str) -> bytes:
    """Return the bytes behind canonical base64. Raises Malformed for anything else."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True) if isinstance(text, str) else None
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Malformed(f"{what} is not base64") from error
    if data is None or base64.b64encode(data).decode() != text:
        raise Malformed(f"{what} is not canonical base64")
    return data


def _no_repeats(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("a key is repeated")
    return fields


def _small(text: str) -> int:
    if len(text) > len(str(-_TOO_LARGE)) or not -_TOO_LARGE < int(text) < _TOO_LARGE:
        raise Malformed("an integer is beyond 2**53")
    return int(text)


def _no_float(text: str) -> int:
    raise Malformed(f"{text} is not an integer")
