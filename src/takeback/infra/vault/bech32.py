"""Age keys as bytes: Bech32 of BIP 173, which age spells its keys in.

`pyrage` gives and takes keys as text only, and splitting a key needs its 32 bytes.
"""

from collections.abc import Iterable

from takeback.infra.vault.sealing import Identity

_IDENTITY = "age-secret-key-"
_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LETTERS = 6
SECRET_BYTES = 32


def secret_of(identity: Identity) -> bytes:
    """The 32 bytes of an age private key.

    Raises:
        ValueError: it is not one, or a letter is wrong. The text is not in the message.
    """
    text = identity.lower()
    human, one, data = text.rpartition("1")
    if identity != identity.upper() or human + one != _IDENTITY + "1":
        raise ValueError("not an age private key, which begins with AGE-SECRET-KEY-1")
    if not set(data) <= set(_LETTERS) or len(data) < _CHECKSUM_LETTERS:
        raise ValueError("a letter of the key is wrong")
    values = [_LETTERS.index(letter) for letter in data]
    if _polymod((*_expanded(human), *values)) != 1:
        raise ValueError("a letter of the key is wrong")
    secret = _regrouped(values[:-_CHECKSUM_LETTERS], 5, 8)
    if secret is None or len(secret) != SECRET_BYTES:
        raise ValueError("not an age private key of 32 bytes")
    return bytes(secret)


def identity_of(secret: bytes) -> Identity:
    """The age private key of 32 bytes. Raises ValueError for any other length."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("an age private key has 32 bytes")
    values = _regrouped(secret, 8, 5, pad=True) or []
    expanded = (*_expanded(_IDENTITY), *values)
    check = _polymod((*expanded, *bytes(_CHECKSUM_LETTERS))) ^ 1
    values += [check >> 5 * (5 - at) & 31 for at in range(_CHECKSUM_LETTERS)]
    return Identity(f"{_IDENTITY}1{''.join(_LETTERS[value] for value in values)}".upper())


def _polymod(values: Iterable[int]) -> int:
    """The checksum of BIP 173: of a right text, 1."""
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            if top >> bit & 1:
                check ^= generator
    return check


def _expanded(human: str) -> tuple[int, ...]:
    return (*(ord(letter) >> 5 for letter in human), 0, *(ord(letter) & 31 for letter in human))


def _regrouped(values: Iterable[int], have: int, want: int, *, pad: bool = False) -> list[int] | None:
    """The same bits in groups of another size; None if bits are left over that are not zero padding."""
    held, bits = 0, 0
    groups: list[int] = []
    for value in values:
        held = held << have | value
        bits += have
        while bits >= want:
            bits -= want
            groups.append(held >> bits & (1 << want) - 1)
        held &= (1 << bits) - 1
    if pad:
        return [*groups, held << want - bits] if bits else groups
    return None if bits >= have or held else groups
