"""Whom one trusts to sign a log (C2SP tlog-policy): its keys, its witnesses, and how many of them suffice.

The file is small text that people pass on and read, so lines may have comments and white space; what it
means has one form. Two rules are stricter than the format: a log that is listed with keys of more than one
type must have signed with one of each type (so ML-DSA-44 is not lost by leaving it out), and one wrong
signature by a key that is listed spoils the checkpoint, for nobody honest adds such a thing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from takeback_verify.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from takeback_verify.cosignature import (
    CosignerKey,
    CosignerKind,
    format_cosigner_key,
    parse_cosigner_key,
    verify_cosignature,
)
from takeback_verify.errors import Malformed, NotProven
from takeback_verify.note import (
    ED25519,
    Note,
    VerifierKey,
    format_verifier_key,
    parse_verifier_key,
    split_key,
)

MAX_POLICY = 1_000_000
"""Longest policy, in characters."""
NONE = "none"
"""The quorum that asks for no witness; no witness or group can be called so."""

LogKey = VerifierKey | CosignerKey
"""Ed25519 over the note's text (type 1), or ML-DSA-44 over the checkpoint (type 6)."""

_BLANKS = re.compile(r"[ \t]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_COUNT = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


class UnknownLog(NotProven):
    """The checkpoint is of no log that the policy names."""


@dataclass(frozen=True, slots=True)
class Log:
    """One key of a log; the key's name is the log's origin."""

    key: LogKey
    url: str | None = None
    """Where the log is published; not needed to check."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One witness."""

    name: str
    """How this policy calls it."""
    key: CosignerKey
    url: str | None = None
    """Prefix of its address (C2SP tlog-witness); not needed to check."""


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses and groups, of which some suffice."""

    name: str
    needed: int
    """How many members must have witnessed."""
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Raises Malformed when names or keys are used twice, or used before they are defined."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE
    """A witness, a group or "none"."""

    def __post_init__(self) -> None:
        """Refuse what the format forbids."""
        _check_keys("log", (log.key for log in self.logs))
        _check_keys("witness", (witness.key for witness in self.witnesses))
        defined, used = set[str](), set[str]()
        for witness in self.witnesses:
            _define(defined, witness.name)
        for group in self.groups:
            for member in group.members:
                if member not in defined or member in used:
                    raise Malformed(f"group {group.name!r}: {member!r} is not defined before, or used twice")
                used.add(member)
            if not 1 <= group.needed <= len(group.members):
                raise Malformed(f"group {group.name!r} needs {group.needed} of {len(group.members)}")
            _define(defined, group.name)
        if self.quorum not in defined | {NONE}:
            raise Malformed(f"the quorum {self.quorum!r} is not defined")
        for url in (*(log.url for log in self.logs), *(witness.url for witness in self.witnesses)):
            if url is not None:
                _check_word(url)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checkpoint that the policy accepts."""

    checkpoint: Checkpoint
    logs: tuple[str, ...]
    """The log's keys that signed it, name+id+base64."""
    witnesses: tuple[tuple[str, int], ...]
    """Who cosigned, by the policy's names, and when by their own clocks, in seconds since 1970."""


def parse_policy(text: str) -> Policy:
    """The policy that a text means. Raises Malformed, with the number of the line where one is at fault."""
    if len(text) > MAX_POLICY:
        raise Malformed(f"a policy of {len(text)} characters; at most {MAX_POLICY} are allowed")
    if not text.endswith("\n"):
        raise Malformed("a policy's last line ends with a newline")
    if _FORBIDDEN.search(text):
        raise Malformed("a policy has no control characters but tab and newline")
    lines = _Lines()
    for number, line in enumerate(text[:-1].split("\n"), start=1):
        words = _BLANKS.split(line.strip(" \t"))
        if words == [""] or words[0].startswith("#"):
            continue
        try:
            lines.take(words)
        except Malformed as error:
            raise Malformed(f"line {number} of the policy: {error}") from error
    return lines.policy()


def format_policy(policy: Policy) -> str:
    """The policy without comments: logs, witnesses, groups, quorum. `parse_policy` gives it back."""
    lines = [_joined("log", format_log_key(log.key), log.url) for log in policy.logs]
    lines += [_joined("witness", w.name, format_cosigner_key(w.key), w.url) for w in policy.witnesses]
    lines += [_joined("group", g.name, str(g.needed), *g.members) for g in policy.groups]
    return "".join([*lines, _joined("quorum", policy.quorum)])


def open_of_log(policy: Policy, note: Note) -> tuple[Checkpoint, tuple[str, ...]]:
    """A checkpoint that its log signed with at least one of its keys, and which; no witness is asked for.

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
    """The checkpoint in a note that the policy accepts.

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
    # 2. Cosigned by these witnesses; of no moment is no statement about the largest tree.
    times = tuple(
        (witness.name, verify_cosignature(note, witness.key))
        for witness in policy.witnesses
        if _is_named(note, witness.key)
    )
    for name, seconds in times:
        if seconds == 0:
            raise NotProven(f"witness {name} did not say when")
    # 3. By enough of them.
    reached = {name for name, _ in times}
    for group in policy.groups:  # each speaks only of names before it
        if len(reached.intersection(group.members)) >= group.needed:
            reached.add(group.name)
    if policy.quorum not in reached | {NONE}:
        who = ", ".join(name for name, _ in times) or "nobody"
        raise NotProven(f"the quorum {policy.quorum!r} of witnesses is not reached: {who} cosigned")
    return Accepted(checkpoint, signed, times)


def format_log_key(key: LogKey) -> str:
    """A log's public key as people pass it on: name+id+base64."""
    return format_verifier_key(key) if isinstance(key, VerifierKey) else format_cosigner_key(key)


def parse_log_key(vkey: str) -> LogKey:
    """A log's public key of type 1 or 6. Raises Malformed for anything else."""
    if split_key(vkey)[1][:1] == ED25519:
        return parse_verifier_key(vkey)
    key = parse_cosigner_key(vkey)
    if key.kind is not CosignerKind.ML_DSA_44:
        raise Malformed("a log's key is Ed25519 (type 1) or ML-DSA-44 (type 6)")
    return key


class _Lines:
    """The policy's lines as they come."""

    def __init__(self) -> None:
        self._logs: list[Log] = []
        self._witnesses: list[Witness] = []
        self._groups: list[Group] = []
        self._defined: set[str] = set()
        self._quorum: str | None = None

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self._logs.append(Log(parse_log_key(vkey), *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                _define(self._defined, name)
                self._witnesses.append(Witness(name, parse_cosigner_key(vkey), *url))
            case ["group", name, needed, *members] if members:
                # Here, not only in Policy: there, witnesses come before groups whatever the order was.
                if not self._defined.issuperset(members):
                    raise Malformed("a group's members are defined on lines before it")
                _define(self._defined, name)
                self._groups.append(Group(name, _needed(needed, len(members)), tuple(members)))
            case ["quorum", name] if self._quorum is None:
                if name not in self._defined | {NONE}:
                    raise Malformed(f"{name!r} is not defined on a line before it")
                self._quorum = name
            case _:
                raise Malformed(f"{words[0]!r} is not the start of a line that can stand here")

    def policy(self) -> Policy:
        if self._quorum is None:
            raise Malformed("a policy has exactly one quorum line")
        return Policy(tuple(self._logs), tuple(self._witnesses), tuple(self._groups), self._quorum)


def _needed(text: str, members: int) -> int:
    if text in {"any", "all"}:
        return 1 if text == "any" else members
    if not _COUNT.fullmatch(text):
        raise Malformed(f"{text!r} is not any, all or a number")
    return int(text)


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


def _define(defined: set[str], name: str) -> None:
    _check_word(name)
    if name == NONE or name in defined:
        raise Malformed(f"the name {name!r} is taken")
    defined.add(name)


def _check_word(word: str) -> None:
    if not word or _BLANKS.search(word) or "\n" in word or _FORBIDDEN.search(word):
        raise Malformed("names and addresses are not empty and have no blanks or control characters")


def _joined(*words: str | None) -> str:
    return " ".join(word for word in words if word is not None) + "\n"
