"""The directory: who may open evidence, and which of their public keys it is sealed to.

A text file that the operator keeps (docs/spec/recipients.md), with one canonical form: whoever reads it sees
all that counts, and whoever compares two copies compares bytes. It holds public keys only. Nobody's key is
ever taken out of it: a key that is not sealed to any more is *retired*, because what was sealed to it still
opens with it, and somebody must know where it is kept.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import pyrage

from takeback.errors import ConfigurationError
from takeback.ids import CaseId
from takeback.infra import files
from takeback.infra.config import Settings
from takeback.infra.vault.seal import Recipient

HEADING = "takeback-recipients 1"
DEFAULT_FILE = "recipients.txt"
"""In the data folder."""
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_CASE = "case:"


class Role(StrEnum):
    """What somebody may open evidence for."""

    PERSON = "person"
    """Whom the pictures show."""
    LAWYER = "lawyer"
    COURT = "court"
    POLICE = "police"
    PARTNER = "partner"
    """Another organisation that keeps evidence, as a help line or a university."""
    REVIEWERS = "reviewers"
    """Working copies only; evidence is never sealed to them."""
    RECOVERY = "recovery"
    """Kept on paper, in shares, for when all else is lost."""


_ROLES = tuple(role.value for role in Role)


class Use(StrEnum):
    """What is sealed to a key."""

    STANDING = "standing"
    """Everything from now on; for reviewers, every working copy."""
    CASES = "cases"
    """Only what is captured for the cases that are named."""
    RETIRED = "retired"
    """Nothing any more."""


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the directory: one key of somebody."""

    role: Role
    name: str
    """Of an office or a function, in a-z, 0-9, dot and hyphen; a person's is a made-up one."""
    key: Recipient
    use: Use
    cases: tuple[CaseId, ...] = ()
    """By rising id; none unless the use is CASES."""


@dataclass(frozen=True, slots=True)
class Directory:
    """All lines, in the order in which they were added."""

    members: tuple[Member, ...] = ()


def format_directory(directory: Directory) -> str:
    """The one text that stands for a directory."""
    return "".join(f"{line}\n" for line in (HEADING, *(format_member(each) for each in directory.members)))


def format_member(member: Member) -> str:
    """A line: role, name, key, use."""
    use = _CASE + ",".join(map(str, member.cases)) if member.use is Use.CASES else member.use.value
    return f"{member.role} {member.name} {member.key} {use}"


def parse_directory(text: str) -> Directory:
    """Read a directory, and nothing that is spelled in another way.

    Raises:
        ValueError: names the line and what is wrong with it.
    """
    heading, *lines = text.split("\n")
    if heading != HEADING:
        raise ValueError(f"line 1: it must be {HEADING!r}")
    if not lines or lines.pop() != "":
        raise ValueError("the last line must end, and nothing may follow it")
    members: list[Member] = []
    for number, line in enumerate(lines, start=2):
        try:
            member = parse_member(line)
            _clashes(members, member)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        members.append(member)
    return Directory(tuple(members))


def parse_member(line: str) -> Member:
    """Read one line. Raises ValueError, saying what is wrong."""
    words = line.split(" ")
    if len(words) != 4:  # noqa: PLR2004 - as `format_member` has
        raise ValueError("it must be a role, a name, a key and a use, with one space between them")
    role, name, key, use = words
    if role not in _ROLES:
        raise ValueError(f"{role!r} is no role; the roles are {', '.join(_ROLES)}")
    if use.startswith(_CASE):
        member = Member(Role(role), name, Recipient(key), Use.CASES, _cases(use.removeprefix(_CASE)))
    elif use in (Use.STANDING, Use.RETIRED):
        member = Member(Role(role), name, Recipient(key), Use(use))
    else:
        raise ValueError(f"{use!r} is no use; write standing, retired, or case: and the cases' ids")
    check_member(member)
    if format_member(member) != line:
        raise ValueError(f"it must be spelled: {format_member(member)}")
    return member


def check_member(member: Member) -> None:
    """Refuse a line that cannot mean anything. Raises ValueError, saying why."""
    if not _NAME.fullmatch(member.name):
        raise ValueError(f"{member.name!r} is no name; use a-z, 0-9, dots and hyphens, 63 at most")
    try:
        same = str(pyrage.x25519.Recipient.from_str(member.key)) == member.key
    except pyrage.RecipientError as error:
        raise ValueError("the key is not an age public key, as age1...") from error
    if not same:
        raise ValueError("the key must be in small letters")
    if (member.use is Use.CASES) != bool(member.cases):
        raise ValueError("a use of cases names them, and no other use does")
    if member.use is Use.CASES and member.role in (Role.RECOVERY, Role.REVIEWERS):
        raise ValueError(f"{member.role} is for all cases or retired")


def _cases(text: str) -> tuple[CaseId, ...]:
    try:
        return tuple(CaseId(each) for each in sorted({UUID(each) for each in text.split(",")}))
    except ValueError as error:
        raise ValueError("a case is named by its id, as 3f2a9c01-77de-40b4-9a1e-0c5a7b6d8e9f") from error


def _clashes(members: Iterable[Member], new: Member) -> None:
    """Raises ValueError if a line cannot stand beside these."""
    for each in members:
        if each.key == new.key:
            raise ValueError(f"this key is {each.name}'s already")
        if each.name != new.name:
            continue
        if each.role is not new.role:
            raise ValueError(f"{new.name} is {each.role} already")
        if Use.RETIRED not in (each.use, new.use):
            raise ValueError(f"{new.name} has a key already; one of the two must be retired")


def add(directory: Directory, member: Member) -> Directory:
    """With one line more. Raises ValueError if it cannot stand there."""
    check_member(member)
    _clashes(directory.members, member)
    return Directory((*directory.members, member))


def for_cases_too(directory: Directory, name: str, cases: Iterable[CaseId]) -> Directory:
    """Seal to somebody what is captured for these cases, too. Raises ValueError if there is no such line."""
    old = in_use(directory, name)
    if old.use is not Use.CASES:
        raise ValueError(f"{name} stands in the directory for all cases")
    new = replace(old, cases=tuple(sorted({*old.cases, *cases})))
    return Directory(tuple(new if each == old else each for each in directory.members))


def rotate(directory: Directory, name: str, key: Recipient) -> Directory:
    """Give somebody a new key for what is captured from now on; the old one stays listed as retired.

    Raises ValueError: there is nobody of that name with a key in use, or the key is somebody's.
    """
    old = in_use(directory, name)
    return add(retire(directory, name), replace(old, key=key))


def retire(directory: Directory, name: str) -> Directory:
    """Seal nothing more to somebody's key. Raises ValueError if nobody of that name has one in use."""
    old = in_use(directory, name)
    gone = replace(old, use=Use.RETIRED, cases=())
    return Directory(tuple(gone if each == old else each for each in directory.members))


def in_use(directory: Directory, name: str) -> Member:
    """Somebody's line that is not retired. Raises ValueError if there is none."""
    for each in directory.members:
        if each.name == name and each.use is not Use.RETIRED:
            return each
    raise ValueError(f"{name} has no key in use in the directory")


def recipients_of(directory: Directory, cases: Iterable[CaseId] = ()) -> tuple[Recipient, ...]:
    """Whom a capture's key is sealed to: all who stand in the directory, and those of its cases.

    Args:
        directory: as loaded.
        cases: the cases that are known to need the capture; none for what is captured ahead of any.

    Raises:
        ConfigurationError: there is no recovery key: what is sealed could be lost for ever.
    """
    recovery_recipient(directory)
    wanted = frozenset(cases)
    return tuple(
        each.key
        for each in directory.members
        if each.role is not Role.REVIEWERS
        and (each.use is Use.STANDING or (each.use is Use.CASES and not wanted.isdisjoint(each.cases)))
    )


def recovery_recipient(directory: Directory) -> Recipient:
    """The key that is kept on paper. Raises ConfigurationError if none stands in the directory."""
    for each in directory.members:
        if each.role is Role.RECOVERY and each.use is Use.STANDING:
            return each.key
    raise ConfigurationError(
        "the directory of recipients has no recovery key in use; `takeback keys split` makes one"
    )


def reviewers_of(directory: Directory) -> tuple[Recipient, ...]:
    """Whom working copies are sealed to; may be nobody."""
    return tuple(
        each.key for each in directory.members if each.role is Role.REVIEWERS and each.use is Use.STANDING
    )


def fingerprint(key: Recipient) -> str:
    """What two people compare by telephone: the first 80 bits of the SHA-256 of the key's text, in fours."""
    digits = hashlib.sha256(key.encode("ascii")).hexdigest()[:20]
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def directory_path(settings: Settings) -> Path:
    """Where the directory is, or would be."""
    return settings.recipients or settings.data / DEFAULT_FILE


def load_directory(path: Path) -> Directory:
    """Read the file. A capture does so each time, so that a change counts at once.

    Raises:
        ConfigurationError: it cannot be read, or is not a directory of recipients.
    """
    try:
        return parse_directory(path.read_bytes().decode("ascii"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the directory of recipients, {path}: {error}") from error


def save_directory(path: Path, directory: Directory) -> None:
    """Put a directory in place of the one that is there, whole or not at all. Raises ConfigurationError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(path, [format_directory(directory).encode("ascii")], mode=0o666)
    except OSError as error:
        raise ConfigurationError(f"cannot write the directory of recipients, {path}: {error}") from error
