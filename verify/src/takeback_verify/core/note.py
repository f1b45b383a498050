"""Signed notes (C2SP signed-note v1), with Ed25519 signatures (type 0x01).

A note is text, a blank line, and signature lines; whoever holds a key's name and public half can check it.
Signatures by keys that one does not know are carried along unread (witnesses add theirs). The parser takes
the one canonical form, so `format_note(parse_note(data)) == data` always. Signatures that speak of a
checkpoint and of a moment, those by witnesses and all by ML-DSA-44, are in `cosignature`.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from takeback_verify.core.canonical import parse_base64
from takeback_verify.core.errors import Malformed, NotProven

ED25519 = b"\x01"
"""The signature type of plain Ed25519 over the note's text."""
MAX_NOTE = 1_000_000
"""Longest note, in bytes."""
MAX_SIGNATURES = 100

_ID_BYTES = 4
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_DASH = "\u2014"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a key and its name. Raises Malformed for an impossible name or length."""

    name: str
    public: bytes
    """Ed25519 public key, 32 bytes."""

    def __post_init__(self) -> None:
        """Refuse what the format cannot spell."""
        check_name(self.name)
        if len(self.public) != _KEY_BYTES:
            raise Malformed("an Ed25519 public key is 32 bytes")

    @property
    def id(self) -> bytes:
        """Which key, not a proof of it: 4 bytes."""
        return key_id(self.name, ED25519 + self.public)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, by a key of any type. Raises Malformed for what cannot be written."""

    name: str
    key_id: bytes
    """4 bytes."""
    blob: bytes

    def __post_init__(self) -> None:
        """Refuse what `parse_note` would not give back."""
        check_name(self.name)
        if len(self.key_id) != _ID_BYTES or not self.blob:
            raise Malformed("a signature is a key id of 4 bytes and at least one byte more")


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who signed it. Raises Malformed for what cannot be written."""

    text: str
    """Ends with a newline; no other control characters than newlines."""
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        """Refuse what `parse_note` would not give back."""
        if not self.text.endswith("\n"):
            raise Malformed("a note's text ends with a newline")
        if _CONTROL.search(self.text):
            raise Malformed("a note's text has no control characters but newlines")
        encode(self.text)
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise Malformed(f"a note has 1 to {MAX_SIGNATURES} signatures")


def format_note(note: Note) -> bytes:
    """The note's canonical bytes. Raises Malformed when they are more than MAX_NOTE."""
    data = encode(f"{note.text}\n{''.join(map(format_signature, note.signatures))}")
    if len(data) > MAX_NOTE:
        raise Malformed(f"a note of {len(data)} bytes; at most {MAX_NOTE} are allowed")
    return data


def parse_note(data: bytes) -> Note:
    """The note behind canonical bytes. It verifies nothing.

    Raises Malformed: not a note, or another spelling of one.
    """
    # 1. Bounded UTF-8.
    if len(data) > MAX_NOTE:
        raise Malformed(f"a note of {len(data)} bytes; at most {MAX_NOTE} are allowed")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("a note is UTF-8") from error
    # 2. The last blank line parts text and signatures.
    text, blank, block = whole.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        raise Malformed("a note is text, a blank line, and signature lines")
    # 3. Every line after it is a signature.
    return Note(text + "\n", tuple(parse_signature(line) for line in block[:-1].split("\n")))


def verify_note(note: Note, key: VerifierKey) -> None:
    """Check that `key` signed the note. Signatures by other keys are not looked at.

    Raises NotProven: this key did not sign it, or one of the signatures in its name is wrong.
    """
    own = [s for s in note.signatures if s.name == key.name and s.key_id == key.id]
    if not own:
        raise NotProven(f"the note is not signed by {format_verifier_key(key)}")
    public = Ed25519PublicKey.from_public_bytes(key.public)
    for signature in own:
        if len(signature.blob) != _SIGNATURE_BYTES:
            raise NotProven(f"the signature by {key.name} has the wrong length")
        try:
            public.verify(signature.blob, note.text.encode())
        except InvalidSignature as error:
            raise NotProven(f"the signature by {key.name} is wrong") from error


def format_verifier_key(key: VerifierKey) -> str:
    """The verifier key as people pass it on: name+id+base64."""
    return format_key(key.name, key.id, ED25519 + key.public)


def parse_verifier_key(text: str) -> VerifierKey:
    """Return the value that `format_verifier_key` wrote. Raises Malformed for anything else."""
    key = VerifierKey(*split_ed25519(text))
    if format_verifier_key(key) != text:
        raise Malformed("the verifier key's id does not belong to it; was it copied in full?")
    return key


def key_id(name: str, typed: bytes) -> bytes:
    """SHA-256(name || newline || type || public key), first 4 bytes. `typed` is type byte and public key."""
    return hashlib.sha256(name.encode() + b"\n" + typed).digest()[:_ID_BYTES]


def format_key(name: str, identity: bytes, typed: bytes) -> str:
    """name+id+base64, for a key of any type; `typed` is type byte and key."""
    return f"{name}+{identity.hex()}+{base64.b64encode(typed).decode()}"


def split_key(text: str) -> tuple[str, bytes]:
    """Name, and type byte with key, of name+id+base64; whether the id belongs to them is not looked at.

    Raises Malformed: not of this form.
    """
    name, identity, rest = (*text.split("+", 2), "", "")[:3]
    if not _KEY_ID.fullmatch(identity):
        raise Malformed("a key is name+id+base64, with an id of 8 hexadecimal digits")
    return name, parse_base64(rest, "the last part of a line or key")


def split_ed25519(text: str) -> tuple[str, bytes]:
    """Return name and key of a key of type 1. Raises Malformed for another type."""
    name, typed = split_key(text)
    if typed[:1] != ED25519:
        raise Malformed("only Ed25519 keys (type 1) sign notes by themselves")
    return name, typed[1:]


def check_name(name: str) -> None:
    """Refuse a name that no key can have. Raises Malformed."""
    if not name or "+" in name or _CONTROL.search(name) or any(c.isspace() for c in name):
        raise Malformed("a key's name is not empty and has no plus, white space or control characters")
    encode(name)


def format_signature(signature: Signature) -> str:
    """The signature's line, with its newline."""
    blob = base64.b64encode(signature.key_id + signature.blob).decode()
    return f"{_DASH} {signature.name} {blob}\n"


def parse_signature(line: str) -> Signature:
    """Return the signature of a line without its newline. Raises Malformed for another form."""
    dash, name, rest = (*line.split(" ", 2), "", "")[:3]
    if dash != _DASH:
        raise Malformed("a signature line starts with an em dash and a space")
    data = parse_base64(rest, "the last part of a line or key")
    return Signature(name, data[:_ID_BYTES], data[_ID_BYTES:])


def encode(text: str) -> bytes:
    """Return the text in UTF-8. Raises Malformed for half of a surrogate pair."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Malformed("half of a surrogate pair is not text") from error
