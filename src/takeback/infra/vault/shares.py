"""The recovery key in shares: three sheets of paper, any two of which make the key again.

SLIP-39 (Shamir's scheme over words, by `shamir-mnemonic`): 33 words a share, each known by its first four
letters, with a checksum that finds up to three wrong words. One share alone says nothing about the key. The
key itself is not kept: it exists while it is split, and again when two holders meet to combine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import shamir_mnemonic
from pyrage import x25519
from shamir_mnemonic import MnemonicError, Share
from shamir_mnemonic.wordlist import WORDLIST

from takeback.infra.vault.bech32 import identity_of, secret_of
from takeback.infra.vault.seal import Recipient
from takeback.infra.vault.sealing import Identity

NEEDED = 2
MADE = 3
WORDS = 33
"""Of one share of a key of 256 bits."""
_TELLING = 4
"""The first letters that tell a word from every other one."""


@dataclass(frozen=True, slots=True)
class RecoveryShare:
    """What one holder keeps on paper."""

    number: int
    """1 to 3."""
    set_number: int
    """The same on the shares that belong together, 0 to 32,767."""
    words: tuple[str, ...]


def new_identity() -> Identity:
    """A fresh private key."""
    return Identity(str(x25519.Identity.generate()))


def public_key(identity: Identity) -> Recipient:
    """Return what is sealed to, of a private key. Raises ValueError if it is none."""
    secret_of(identity)
    return Recipient(str(x25519.Identity.from_str(identity).to_public()))


def split(identity: Identity) -> tuple[RecoveryShare, ...]:
    """Three shares of a private key, any two of which give exactly it. Raises ValueError if it is none."""
    [phrases] = shamir_mnemonic.generate_mnemonics(1, [(NEEDED, MADE)], secret_of(identity))
    return tuple(sorted((parse_share(phrase) for phrase in phrases), key=lambda share: share.number))


def parse_share(text: str) -> RecoveryShare:
    """Read one share as a person types it: words, or their first four letters; numbers and case are ignored.

    Raises:
        ValueError: says which word is wrong if that can be said. The words that are right are not in it.
    """
    typed = [word for word in text.lower().replace(",", " ").split() if not word.strip(".)").isdecimal()]
    words = tuple(_word(word, at) for at, word in enumerate(typed, start=1))
    if len(words) != WORDS:
        raise ValueError(f"a share has {WORDS} words, and these are {len(words)}")
    try:
        share = Share.from_mnemonic(" ".join(words))
    except MnemonicError as error:
        raise ValueError("the words are all in the list, but one or more are not this share's") from error
    if (share.group_count, share.member_threshold) != (1, NEEDED):
        raise ValueError("this is a share of something else")
    return RecoveryShare(share.index + 1, share.identifier, words)


def combine(shares: Sequence[RecoveryShare]) -> Identity:
    """The private key that was split.

    Args:
        shares: two or three, of one set.

    Raises:
        ValueError: says what does not fit.
    """
    if len({share.set_number for share in shares}) > 1:
        raise ValueError("these shares belong to different sets; compare the set's number on the sheets")
    if len({share.number for share in shares}) < NEEDED:
        raise ValueError(f"{NEEDED} different shares are needed")
    phrases = [" ".join(share.words) for share in sorted(set(shares), key=lambda share: share.number)]
    try:
        return identity_of(shamir_mnemonic.combine_mnemonics(phrases[:NEEDED]))
    except MnemonicError as error:
        raise ValueError("these shares do not fit together") from error


def _word(typed: str, at: int) -> str:
    """The word that is meant. Raises ValueError."""
    if typed in WORDLIST:
        return typed
    meant = [word for word in WORDLIST if len(typed) == _TELLING and word.startswith(typed)]
    if not meant:
        raise ValueError(f"word {at} is in no share; compare it letter for letter")
    return meant[0]
