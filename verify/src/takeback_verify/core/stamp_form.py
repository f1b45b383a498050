"""The form of a timestamp's bytes that no signature covers (RFC 3161 in CMS, RFC 5652): each has one value.

Versions, the status, the name of the signature's algorithm and fields that nobody signs could be changed
unseen, or hold anything. Certificates that a response brings along and that its chain does not need remain
free, since authorities send such; so does the choice of two names for RSA.
"""

from takeback_verify.core.errors import Malformed

_INTEGER, _OCTETS, _SEQUENCE, _SET, _OPTIONAL = 0x02, 0x04, 0x30, 0x31, 0xA0
_UTF8 = 0x0C
_KEY_ID = 0x80
"""A signer named by the id of its key, in place of issuer and number."""
_GRANTED = (_INTEGER, b"\0")
_OKAY = (_SEQUENCE, bytes([_UTF8, 14]) + b"Operation Okay")
"""Text that some authorities add."""
_LONG_LENGTH = 0x80

_RSA, _ECDSA = bytes.fromhex("2a864886f70d0101"), bytes.fromhex("2a8648ce3d0403")
_SHA = bytes.fromhex("6086480165030402")
_NAMES = {
    _SHA + b"\x01": {_RSA + b"\x01", _RSA + b"\x0a", _RSA + b"\x0b", _ECDSA + b"\x02"},
    _SHA + b"\x02": {_RSA + b"\x01", _RSA + b"\x0a", _RSA + b"\x0c", _ECDSA + b"\x03"},
    _SHA + b"\x03": {_RSA + b"\x01", _RSA + b"\x0a", _RSA + b"\x0d", _ECDSA + b"\x04"},
}
"""Names of signature algorithms, by the hash that they use: SHA-256, SHA-384, SHA-512."""

Element = tuple[int, bytes]
"""Tag and content."""


def check_form(response: bytes) -> None:
    """Check what no signature covers in a response, which is known to be DER.

    Raises Malformed: a version, a status, a name or a field is another than it has to be.
    """
    try:
        [(_, whole)] = _elements(response)
        (_, status), (_, token) = _elements(whole)
        _, (_, wrapped) = _elements(token)
        [(_, signed)] = _elements(wrapped)
        version, *rest = _elements(signed)
        [(_, signer)] = _elements(rest[-1][1])
        number, (name, _), (_, digest), attributes, (_, algorithm), signature = _elements(signer)
        (_, hashed), *_ = _elements(digest)
        (_, named), *_ = _elements(algorithm)
    except (ValueError, IndexError) as error:
        raise Malformed(
            "the timestamp is not built as it should be, or brings more than is signed"
        ) from error
    tags = [tag for tag, _ in rest]
    if (
        _elements(status) not in ([_GRANTED], [_GRANTED, _OKAY])
        or version != (_INTEGER, b"\x03")
        or tags not in ([_SET, _SEQUENCE, _SET], [_SET, _SEQUENCE, _OPTIONAL, _SET])
        or (name, number) not in ((_SEQUENCE, (_INTEGER, b"\x01")), (_KEY_ID, (_INTEGER, b"\x03")))
        or (attributes[0], signature[0]) != (_OPTIONAL, _OCTETS)
        or named not in _NAMES.get(hashed, ())
    ):
        raise Malformed("the timestamp says something that is not signed")


def _elements(data: bytes) -> list[Element]:
    """Return the elements that lie side by side. Raises ValueError, IndexError: they are cut short."""
    found, at = list[Element](), 0
    while at < len(data):
        tag, length, start = data[at], data[at + 1], at + 2
        if length >= _LONG_LENGTH:
            start += length - _LONG_LENGTH
            length = int.from_bytes(data[at + 2 : start])
        at = start + length
        if at > len(data):
            raise ValueError("cut short")
        found.append((tag, data[start:at]))
    return found
