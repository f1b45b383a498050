"""Policies: every quorum that can be written, and what each accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.infra.signing import CosignerSecret, SignerKey
from takeback_verify.core.checkpoint import Checkpoint, format_checkpoint
from takeback_verify.core.cosignature import CosignerKind, format_cosigner_key
from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.note import Note, Signature, format_verifier_key
from takeback_verify.core.policy import Log, Policy, Quorum, UnknownLog, Witness, accept, open_of_log
from takeback_verify.core.policy_text import MAX_POLICY, format_policy, parse_policy

ORIGIN = "log.example/one"
LOG = SignerKey(ORIGIN, bytes(32))
LOG_PQ = CosignerSecret(ORIGIN, CosignerKind.ML_DSA_44, bytes(32))
WITNESSES = [
    CosignerSecret(f"witness.example/{n}", kind, bytes([n]) * 32)
    for n, kind in enumerate([CosignerKind.ED25519, CosignerKind.ML_DSA_44, CosignerKind.ED25519], start=1)
]
TEXT = format_checkpoint(Checkpoint(ORIGIN, 5, bytes(32)))
V_LOG = format_verifier_key(LOG.verifier)
V_PQ = format_cosigner_key(LOG_PQ.public)
V = [format_cosigner_key(w.public) for w in WITNESSES]

ALL_LINES = f"""# An example.
log {V_LOG}   https://log.example/

\twitness X1 {V[0]}
witness X2 {V[1]} https://two.example/w
witness X3\t{V[2]}
group X 2 X1 X2 X3
quorum X
"""


def signed(*witnesses: int, log=(LOG, LOG_PQ), text=TEXT, at=1700000000):
    lines = [
        s for key in log for s in ([key.cosign(text, at)] if key is LOG_PQ else key.sign(text).signatures)
    ]
    return Note(text, (*lines, *(WITNESSES[n].cosign(text, at + n) for n in witnesses)))


def test_a_policy_is_read():
    policy = parse_policy(ALL_LINES)
    assert policy == Policy(
        (Log(LOG.verifier, "https://log.example/"),),
        (
            Witness("X1", WITNESSES[0].public),
            Witness("X2", WITNESSES[1].public, "https://two.example/w"),
            Witness("X3", WITNESSES[2].public),
        ),
        Quorum(
            "X",
            2,
            (
                Witness("X1", WITNESSES[0].public),
                Witness("X2", WITNESSES[1].public, "https://two.example/w"),
                Witness("X3", WITNESSES[2].public),
            ),
        ),
    )
    assert parse_policy(format_policy(policy)) == policy


def test_a_quorum_is_counted():
    policy = parse_policy(ALL_LINES)
    accepted = accept(policy, signed(0, 2))
    assert accepted.checkpoint.size == 5
    assert accepted.logs == (V_LOG,)
    assert accepted.witnesses == (("X1", 1700000000), ("X3", 1700000002))
    for few in ((), (0,), (1,), (0, 0)):
        with pytest.raises(NotProven, match="quorum 'X'"):
            accept(policy, signed(*few))


@every(
    ("quorum", "accepted"),
    [
        ("quorum none\n", [(), (0,), (0, 1, 2)]),
        ("quorum b\n", [(1,), (0, 1), (1, 2), (0, 1, 2)]),
        ("group g any a b c\nquorum g\n", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]),
        ("group g all a b c\nquorum g\n", [(0, 1, 2)]),
        ("group g any a b\ngroup h all g c\nquorum h\n", [(0, 2), (1, 2), (0, 1, 2)]),
        ("group g 2 a b\ngroup h any g c\nquorum h\n", [(2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]),
    ],
)
def test_groups_of_groups(quorum, accepted):
    lines = "".join(f"witness {name} {vkey}\n" for name, vkey in zip("abc", V, strict=True))
    policy = parse_policy(f"log {V_LOG}\n{lines}{quorum}")
    assert parse_policy(format_policy(policy)) == policy
    for who in [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]:
        if who in accepted or policy.quorum is None:
            accept(policy, signed(*who))
        else:
            with pytest.raises(NotProven):
                accept(policy, signed(*who))


def test_a_log_with_two_types_of_keys_must_sign_with_both():
    policy = parse_policy(f"log {V_LOG}\nlog {V_PQ}\nquorum none\n")
    assert accept(policy, signed()).logs == (V_LOG, V_PQ)
    for key, lacks in ((LOG, 6), (LOG_PQ, 1)):
        with pytest.raises(NotProven, match=f"type {lacks}"):
            accept(policy, signed(log=[key]))
        assert open_of_log(policy, signed(log=[key]))[0].size == 5


def test_of_two_keys_of_one_type_one_suffices():
    newer = SignerKey(ORIGIN, b"n" * 32)
    policy = parse_policy(f"log {V_LOG}\nlog {format_verifier_key(newer.verifier)}\nquorum none\n")
    assert accept(policy, signed(log=[newer])).logs == (format_verifier_key(newer.verifier),)


def test_a_log_that_the_policy_does_not_know_is_told_apart():
    other = SignerKey("log.example/two", bytes(32))
    policy = parse_policy(f"log {V_LOG}\nquorum none\n")
    with pytest.raises(UnknownLog, match="two"):
        accept(policy, other.sign(TEXT.replace("one", "two")))
    with pytest.raises(NotProven, match="no key of"):
        accept(policy, SignerKey(ORIGIN, b"x" * 32).sign(TEXT))


def test_a_wrong_signature_by_a_known_key_spoils_and_by_an_unknown_key_does_not():
    policy = parse_policy(ALL_LINES)
    good = signed(0, 2)
    stranger = SignerKey("stranger", b"s" * 32).sign("other\n").signatures[0]
    accept(policy, Note(TEXT, (*good.signatures, stranger)))
    broken = WITNESSES[1].cosign(TEXT.replace("5", "6"), 1)
    with pytest.raises(NotProven, match="wrong"):
        accept(policy, Note(TEXT, (*good.signatures, broken)))


def test_a_witness_says_when():
    with pytest.raises(NotProven, match="did not say when"):
        accept(parse_policy(ALL_LINES), signed(0, 1, at=0))


def test_the_key_id_alone_is_no_signature():
    fake = Signature(WITNESSES[0].name, WITNESSES[0].public.id, bytes(72))
    with pytest.raises(NotProven, match="wrong"):
        accept(parse_policy(ALL_LINES), Note(TEXT, (*signed(1, 2).signatures, fake)))


@every(
    "bad",
    [
        "",
        f"log {V_LOG}\n",
        "quorum none",
        "quorum none\nquorum none\n",
        "quorum a\n",
        "Quorum none\n",
        f"log {V_LOG}\nlog {V_LOG} url\nquorum none\n",
        f"log {V[0]}\nquorum none\n",
        f"log {V_LOG} a b\nquorum none\n",
        f"log {V_LOG[:-1]}\nquorum none\n",
        f"witness a {V_LOG}\nquorum a\n",
        f"witness none {V[0]}\nquorum none\n",
        f"witness a {V[0]}\nwitness a {V[1]}\nquorum a\n",
        f"witness a {V[0]}\nwitness b {V[0]}\nquorum a\n",
        f"quorum a\nwitness a {V[0]}\n",
        f"group g any a\nwitness a {V[0]}\nquorum g\n",
        f"witness a {V[0]}\ngroup g 2 a\nquorum g\n",
        f"witness a {V[0]}\ngroup g 0 a\nquorum g\n",
        f"witness a {V[0]}\ngroup g 01 a\nquorum g\n",
        f"witness a {V[0]}\ngroup g some a\nquorum g\n",
        f"witness a {V[0]}\ngroup g any\nquorum g\n",
        f"witness a {V[0]}\ngroup g any a a\nquorum g\n",
        f"witness a {V[0]}\ngroup g any g\nquorum g\n",
        f"witness a {V[0]}\ngroup g any none\nquorum g\n",
        f"witness a {V[0]}\ngroup g any a\ngroup h any a\nquorum g\n",
        f"witness a {V[0]}\ngroup a any a\nquorum a\n",
        "quorum none\r\n",
        "quorum\u00a0none\n",
        "#\x7f\nquorum none\n",
    ],
)
def test_what_is_not_quite_a_policy_is_refused(bad):
    with pytest.raises(Malformed):
        parse_policy(bad)


def test_a_fault_names_its_line():
    with pytest.raises(Malformed, match="line 2"):
        parse_policy("# one\nlogg x\nquorum none\n")


words = st.text(st.characters(codec="utf-8", exclude_characters=" #", exclude_categories=["Cc"]), min_size=1)


@given(st.lists(words, min_size=3, max_size=3, unique=True), st.data())
def test_every_policy_comes_back_as_it_was_written(names, data):
    if "none" in names:
        return
    urls = st.none() | words
    logs = (Log(LOG.verifier, data.draw(urls)), Log(LOG_PQ.public, data.draw(urls)))
    both = tuple(
        Witness(name, w.public, data.draw(urls)) for name, w in zip(names, WITNESSES[:2], strict=False)
    )
    quorums = [Quorum(names[2], n, both) for n in (1, 2)] + [Quorum(w.name, 1, (w,)) for w in both]
    policy = Policy(logs, both, data.draw(st.sampled_from([None, *quorums])))
    assert parse_policy(format_policy(policy)) == policy


def test_a_policy_that_is_too_long_is_not_read():
    with pytest.raises(Malformed, match="at most"):
        parse_policy("#" * MAX_POLICY + "\n")


@every(
    "policy",
    [
        Policy((Log(LOG.verifier),), (Witness("two words", WITNESSES[0].public),)),
        Policy((Log(LOG.verifier),), (Witness("", WITNESSES[0].public),)),
        Policy((Log(LOG.verifier, "https://log.example/ and more"),)),
        Policy((Log(LOG.verifier),), quorum=Quorum("w", 1, (Witness("w", WITNESSES[0].public),))),
        Policy((), (), Quorum("g", 1, (Witness("w", WITNESSES[0].public),))),
        Policy(
            (), (Witness("w", WITNESSES[0].public),), Quorum("w", 1, (Witness("w", WITNESSES[1].public),))
        ),
    ],
)
def test_what_has_no_text_is_not_written(policy):
    with pytest.raises(Malformed):
        format_policy(policy)


def test_groups_are_nested_up_to_a_bound():
    def nested(depth: int) -> Policy:
        groups = "".join(f"group g{n} 1 g{n - 1}\n" for n in range(1, depth + 1))
        return parse_policy(f"log {V_LOG}\nwitness g0 {V[0]}\n{groups}quorum g{depth}\n")

    accept(nested(100), signed(0, log=[LOG]))
    with pytest.raises(Malformed, match=r"line 103.*more than 100 groups"):
        nested(101)
