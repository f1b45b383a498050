"""Whom one trusts to sign a log: its keys, and k of n witnesses.

`policy_text` reads and writes this in the format that people pass on (C2SP tlog-policy). Two rules are
stricter than that format. A log that is listed with keys of more than one type must have signed with one of
each type, so that nobody can drop ML-DSA-44 unseen. One wrong signature by a listed key spoils the
checkpoint, because nobody honest adds such a thing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from takeback_verify.core.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from takeback_verify.core.cosignature import (
    CosignerKey,
    CosignerKind,
    format_cosigner_key,
    parse_cosigner_key,
    verify_cosignature,
)
from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.note import (
    ED25519,
    Note,
    VerifierKey,
    format_verifier_key,
    parse_verifier_key,
    split_key,
)

LogKey = VerifierKey | CosignerKey
"""Ed25519 over the note's text (type 1), or ML-DSA-44 over the checkpoint (type 6)."""


class UnknownLog(NotProven):
    """The checkpoint is of no log that the policy names."""


@dataclass(frozen=True, slots=True)
class Log:
    """One key of a log; the key's name is the log's origin."""

    key: LogKey
    url: str | None = None
    """Address of the log; not needed to check."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One witness."""

    name: str
    """Its name in this policy."""
    key: CosignerKey
    url: str | None = None
    """Prefix of its address (C2SP tlog-witness); not needed to check."""

    def is_reached(self, cosigned: Collection[str]) -> bool:
        """Return whether this witness cosigned, by the names of those that did."""
        return self.name in cosigned


@dataclass(frozen=True, slots=True)
class Quorum:
    """k of n: so many of these must have cosigned. Raises Malformed when that many cannot."""

    name: str
    needed: int
    members: tuple["Witness | Quorum", ...]

    def __post_init__(self) -> None:
        """Refuse 0 of n and more than n of n."""
        if not 1 <= self.needed <= len(self.members):
            raise Malformed(f"group {self.name!r} needs {self.needed} of {len(self.members)}")

    def is_reached(self, cosigned: Collection[str]) -> bool:
        """Return whether enough members cosigned, by the names of the witnesses that did."""
        return sum(member.is_reached(cosigned) for member in self.members) >= self.needed


@dataclass(frozen=True, slots=True)
class Policy:
    """Keys, witnesses and a quorum. Raises Malformed when one key is listed twice."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...] = ()
    quorum: Quorum | None = None
    """None: no witness is asked for."""

    def __post_init__(self) -> None:
        """Refuse one key under two names: it would count as two."""
        _check_keys("log", (log.key for log in self.logs))
        _check_keys("witness", (witness.key for witness in self.witnesses))


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checkpoint that the policy accepts."""

    checkpoint: Checkpoint
    logs: tuple[str, ...]
    """The log's keys that signed it, name+id+base64."""
    witnesses: tuple[tuple[str, int], ...]
    """Witnesses that cosigned, by the policy's names, and their own times, in seconds since 1970."""


def open_of_log(policy: Policy, note: Note) -> tuple[Checkpoint, tuple[str, ...]]:
    """Return a checkpoint that its log signed, and the keys that did; no witness is asked for.

    Enough for a checkpoint that is proven to have grown into an accepted one.

    Raises:
        UnknownLog: of no log that the policy knows.
        NotProven: no key of the log signed it, or a signature by one is wrong.
        Malformed: the note's text is not a checkpoint.
    """
    checkpoint = parse_checkpoint(note.text)
    keys = _keys_of(policy, checkpoint.origin)
    if not keys:
        raise UnknownLog(f"a checkpoint of {checkpoint.origin!r}, which the policy does not know")
    signed = tuple(key for key in keys if _is_named(note, key))
    if not signed:
        raise NotProven(f"the checkpoint is signed by no key of {checkpoint.origin!r} that the policy knows")
    for key in signed:
        _verify_log(note, key)
    return checkpoint, tuple(map(format_log_key, signed))


def accept(policy: Policy, note: Note) -> Accepted:
    """Return the checkpoint in a note that the policy accepts.

    Raises:
        UnknownLog: of no log that the policy knows.
        NotProven: a signature is missing or wrong, or the quorum of witnesses is not reached.
        Malformed: the note's text is not a checkpoint.
    """
    # 1. Signed by the log, with a key of each type that the policy lists for it.
    checkpoint, signed = open_of_log(policy, note)
    keys = _keys_of(policy, checkpoint.origin)
    for kind in sorted({_type(key) for key in keys}):
        if not any(_type(key) == kind and format_log_key(key) in signed for key in keys):
            raise NotProven(f"the checkpoint lacks the log's signature of type {kind}")
    # 2. Cosigned by these witnesses, each with its time: without one it says nothing about the largest tree.
    times = tuple(
        (witness.name, verify_cosignature(note, witness.key))
        for witness in policy.witnesses
        if _is_named(note, witness.key)
    )
    for name, seconds in times:
        if seconds == 0:
            raise NotProven(f"witness {name} did not say when")
    # 3. By k of n.
    if policy.quorum is not None and not policy.quorum.is_reached([name for name, _ in times]):
        who = ", ".join(name for name, _ in times) or "nobody"
        raise NotProven(f"the quorum {policy.quorum.name!r} of witnesses is not reached: {who} cosigned")
    return Accepted(checkpoint, signed, times)


def format_log_key(key: LogKey) -> str:
    """Return a log's public key as people pass it on: name+id+base64."""
    return format_verifier_key(key) if isinstance(key, VerifierKey) else format_cosigner_key(key)


def parse_log_key(vkey: str) -> LogKey:
    """Return a log's public key of type 1 or 6. Raises Malformed for anything else."""
    if split_key(vkey)[1][:1] == ED25519:
        return parse_verifier_key(vkey)
    key = parse_cosigner_key(vkey)
    if key.kind is not CosignerKind.ML_DSA_44:
        raise Malformed("a log's key is Ed25519 (type 1) or ML-DSA-44 (type 6)")
    return key


def _keys_of(policy: Policy, origin: str) -> tuple[LogKey, ...]:
    return tuple(log.key for log in policy.logs if log.key.name == origin)


def _verify_log(note: Note, key: LogKey) -> None:
    if isinstance(key, VerifierKey):
        open_checkpoint(note, key)
    else:
        verify_cosignature(note, key)


def _is_named(note: Note, key: LogKey) -> bool:
    return any(s.name == key.name and s.key_id == key.id for s in note.signatures)


def _type(key: LogKey) -> int:
    return ED25519[0] if isinstance(key, VerifierKey) else key.kind


def _check_keys(what: str, keys: Iterable[LogKey]) -> None:
    seen = set[bytes]()
    for key in keys:
        if key.public in seen:
            raise Malformed(f"one {what} key is listed twice, if under another name")
        seen.add(key.public)
