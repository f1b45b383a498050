"""A policy as text (C2SP tlog-policy): small, so people pass it on and read it.

Lines may have comments and white space; what the text means has one form. A group is a quorum inside the
quorum.
"""

import re
from collections.abc import Iterator

from takeback_verify.core.cosignature import format_cosigner_key, parse_cosigner_key
from takeback_verify.core.errors import Malformed
from takeback_verify.core.policy import Log, Policy, Quorum, Witness, format_log_key, parse_log_key

MAX_POLICY = 1_000_000
"""Longest policy, in characters."""

_NONE = "none"
"""The quorum that asks for no witness; no witness or group can be called so."""
_MAX_DEPTH = 100
"""Most groups inside each other."""
_BLANKS = re.compile(r"[ \t]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_COUNT = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def parse_policy(text: str) -> Policy:
    """Return the policy that a text means. Raises Malformed, with the number of the line at fault."""
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
    """Return the policy's text: logs, witnesses, groups, quorum. `parse_policy` gives the policy back.

    Raises Malformed: it cannot be written; a name is used twice, or has a blank in it.
    """
    lines = [_line("log", format_log_key(log.key), log.url) for log in policy.logs]
    lines += [_line("witness", w.name, format_cosigner_key(w.key), w.url) for w in policy.witnesses]
    lines += _groups(policy.quorum) if policy.quorum is not None else []
    text = "".join([*lines, _line("quorum", _NONE if policy.quorum is None else policy.quorum.name)])
    if parse_policy(text) != policy:
        raise Malformed("the policy has names or addresses that its text cannot hold")
    return text


class _Lines:
    """The policy's lines as they come."""

    def __init__(self) -> None:
        self._logs: list[Log] = []
        self._witnesses: list[Witness] = []
        self._defined: dict[str, tuple[Witness | Quorum, int]] = {}
        """Each name, what it means, and how many groups are inside each other there."""
        self._used: set[str] = set()
        self._quorum: list[Quorum | None] = []

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self._logs.append(Log(parse_log_key(vkey), *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                witness = Witness(name, parse_cosigner_key(vkey), *url)
                self._define(name, witness, 0)
                self._witnesses.append(witness)
            case ["group", name, needed, *names] if names:
                members = [self._member(each) for each in names]
                group = Quorum(name, _needed(needed, len(members)), tuple(each for each, _ in members))
                self._define(name, group, 1 + max(depth for _, depth in members))
            case ["quorum", name] if not self._quorum:
                self._quorum.append(None if name == _NONE else self._named(name))
            case _:
                raise Malformed(f"{words[0]!r} is not the start of a line that can stand here")

    def policy(self) -> Policy:
        if not self._quorum:
            raise Malformed("a policy has exactly one quorum line")
        return Policy(tuple(self._logs), tuple(self._witnesses), self._quorum[0])

    def _define(self, name: str, what: Witness | Quorum, depth: int) -> None:
        if name == _NONE or name in self._defined:
            raise Malformed(f"the name {name!r} is taken")
        if depth > _MAX_DEPTH:
            raise Malformed(f"more than {_MAX_DEPTH} groups are inside each other")
        self._defined[name] = (what, depth)

    def _member(self, name: str) -> tuple[Witness | Quorum, int]:
        if name not in self._defined or name in self._used:
            raise Malformed(f"{name!r} is not defined on a line before it, or is in two groups")
        self._used.add(name)
        return self._defined[name]

    def _named(self, name: str) -> Quorum:
        if name not in self._defined:
            raise Malformed(f"{name!r} is not defined on a line before it")
        what, _ = self._defined[name]
        return what if isinstance(what, Quorum) else Quorum(name, 1, (what,))


def _needed(text: str, members: int) -> int:
    if text in {"any", "all"}:
        return 1 if text == "any" else members
    if not _COUNT.fullmatch(text):
        raise Malformed(f"{text!r} is not any, all or a number")
    return int(text)


def _groups(quorum: Quorum) -> Iterator[str]:
    """Yield the lines of a quorum's groups, the inner ones first; one witness alone needs no group."""
    names = [member.name for member in quorum.members]
    if names == [quorum.name]:
        return
    for member in quorum.members:
        if isinstance(member, Quorum):
            yield from _groups(member)
    yield _line("group", quorum.name, str(quorum.needed), *names)


def _line(*words: str | None) -> str:
    return " ".join(word for word in words if word is not None) + "\n"
