"""The recovery key in shares: any two give exactly it, and what is wrong is said kindly."""

from itertools import combinations

import pytest
import shamir_mnemonic
from hypothesis import given
from hypothesis import strategies as st
from pyrage import x25519
from shamir_mnemonic import EncryptedMasterSecret, split_ems
from shamir_mnemonic.wordlist import WORDLIST

from takeback.infra.vault.bech32 import identity_of, secret_of
from takeback.infra.vault.sealing import Identity
from takeback.infra.vault.shares import (
    WORDS,
    combine,
    new_identity,
    parse_share,
    public_key,
    split,
)

IDENTITY = new_identity()
SHARES = split(IDENTITY)
SECRETS = st.binary(min_size=32, max_size=32)


@given(SECRETS)
def test_bytes_become_the_key_that_age_spells_and_back(secret):
    identity = identity_of(secret)
    assert secret_of(identity) == secret
    x25519.Identity.from_str(identity)


def test_a_key_that_age_made_has_the_same_spelling():
    for _ in range(50):
        identity = Identity(str(x25519.Identity.generate()))
        assert identity_of(secret_of(identity)) == identity


@given(st.integers(0, len(IDENTITY) - 1), st.sampled_from("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L1BIO-"))
def test_a_key_with_a_wrong_letter_is_refused_without_being_shown(at, letter):
    typed = IDENTITY[:at] + letter + IDENTITY[at + 1 :]
    if typed == IDENTITY:
        return
    with pytest.raises(ValueError, match=r"age private key|letter") as refused:
        secret_of(Identity(typed))
    assert typed[20:] not in str(refused.value)


@pytest.mark.parametrize(
    "typed",
    ["", "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1Q", IDENTITY.lower(), IDENTITY[:-1]],
    ids=["nothing", "a beginning", "too short", "small letters", "cut"],
)
def test_what_is_no_key_is_refused(typed):
    with pytest.raises(ValueError, match="key"):
        secret_of(Identity(typed))


def test_a_rightly_spelled_key_of_another_length_is_refused(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("takeback.infra.vault.bech32.SECRET_BYTES", 31)
        short = identity_of(bytes(31))
    with pytest.raises(ValueError, match="of 32 bytes"):
        secret_of(short)


def test_only_32_bytes_are_a_key():
    with pytest.raises(ValueError, match="32 bytes"):
        identity_of(bytes(31))


def test_any_two_of_three_shares_give_the_key_and_all_three_do():
    for shares in (*combinations(SHARES, 2), *combinations(reversed(SHARES), 2), SHARES):
        assert combine(shares) == IDENTITY
    assert public_key(IDENTITY) == str(x25519.Identity.from_str(IDENTITY).to_public())


@given(SECRETS, st.permutations(range(3)))
def test_every_key_comes_back(secret, order):
    shares = split(identity_of(secret))
    assert combine([shares[order[0]], shares[order[1]]]) == identity_of(secret)


def test_one_share_gives_nothing():
    for share in SHARES:
        for alone in ([share], [share, share]):
            with pytest.raises(ValueError, match="2 different shares"):
                combine(alone)
        with pytest.raises(shamir_mnemonic.MnemonicError):
            shamir_mnemonic.combine_mnemonics([" ".join(share.words)])


def test_shares_of_two_sets_do_not_mix():
    other = next(
        shares
        for shares in iter(lambda: split(IDENTITY), None)
        if shares[0].set_number != SHARES[0].set_number
    )
    with pytest.raises(ValueError, match="different sets"):
        combine([SHARES[0], other[1]])


def test_shares_that_only_seem_to_be_of_one_set_are_refused():
    sets = []
    for secret in (bytes(32), bytes([1] * 32)):
        sealed = EncryptedMasterSecret.from_master_secret(
            secret, b"", 5, extendable=True, iteration_exponent=1
        )
        [shares] = split_ems(1, [(2, 3)], sealed)
        sets.append([parse_share(share.mnemonic()) for share in shares])
    with pytest.raises(ValueError, match="do not fit together"):
        combine([sets[0][0], sets[1][1]])


def test_a_share_is_read_as_people_type_it():
    share = SHARES[1]
    numbered = "\n".join(f"{at}. {word.upper()}" for at, word in enumerate(share.words, start=1))
    short = ", ".join(word[:4] for word in share.words)
    for typed in (numbered, short, "  ".join(share.words)):
        assert parse_share(typed) == share
    assert (share.number, len(share.words)) == (2, WORDS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda words: (*words[:4], "takeback", *words[5:]), "word 5 is in no share"),
        (lambda words: words[:-1], "has 33 words, and these are 32"),
        (lambda words: (*words, words[0]), "has 33 words, and these are 34"),
        (lambda words: (*words[:6], words[7], words[6], *words[8:]), "not this share's"),
        (lambda words: (*words[:9], other_than(words[9]), *words[10:]), "not this share's"),
        (lambda _: (), "these are 0"),
    ],
)
def test_wrong_words_are_refused_kindly_and_not_repeated(change, said):
    words = SHARES[0].words
    if change(words) == words:  # two neighbours that are the same word
        return
    with pytest.raises(ValueError, match=said) as refused:
        parse_share(" ".join(change(words)))
    assert not set(words) & set(str(refused.value).split())


def other_than(word: str) -> str:
    return next(each for each in WORDLIST if each != word)


def test_a_share_of_another_kind_is_refused():
    [phrases] = shamir_mnemonic.generate_mnemonics(1, [(3, 5)], bytes(32))
    with pytest.raises(ValueError, match="something else"):
        parse_share(phrases[0])
    [phrases] = shamir_mnemonic.generate_mnemonics(1, [(2, 3)], bytes(16))
    with pytest.raises(ValueError, match="33 words"):
        parse_share(phrases[0])
