"""The directory of recipients: one spelling, and who is sealed to."""

import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrage import x25519

from repository import read
from takeback.errors import ConfigurationError
from takeback.ids import CaseId
from takeback.infra.config import Settings
from takeback.infra.vault.recipients import (
    HEADING,
    Directory,
    Member,
    Role,
    Use,
    add,
    directory_path,
    fingerprint,
    for_cases_too,
    format_directory,
    format_member,
    in_use,
    load_directory,
    parse_directory,
    recipients_of,
    recovery_recipient,
    retire,
    reviewers_of,
    rotate,
    save_directory,
)
from takeback.infra.vault.seal import Recipient

KEYS = [Recipient(str(x25519.Identity.generate().to_public())) for _ in range(8)]
ONE, TWO = CaseId(UUID(int=1)), CaseId(UUID(int=2))
RECOVERY = Member(Role.RECOVERY, "recovery", KEYS[0], Use.STANDING)
CLINIC = Member(Role.LAWYER, "law-clinic", KEYS[1], Use.STANDING)
COURT = Member(Role.COURT, "court.example", KEYS[2], Use.STANDING)
HERSELF = Member(Role.PERSON, "p-1", KEYS[3], Use.CASES, (ONE,))
TEAM = Member(Role.REVIEWERS, "team", KEYS[4], Use.STANDING)
DIRECTORY = Directory((RECOVERY, CLINIC, COURT, HERSELF, TEAM))


@st.composite
def directories(draw) -> Directory:
    directory = Directory()
    names = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,62}", fullmatch=True)
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True)):
        role, use = draw(st.sampled_from(Role)), draw(st.sampled_from(Use))
        if use is Use.CASES and role in (Role.RECOVERY, Role.REVIEWERS):
            use = Use.STANDING
        ids = draw(st.sets(st.uuids(), min_size=1, max_size=3)) if use is Use.CASES else ()
        member = Member(role, draw(names), key, use, tuple(CaseId(each) for each in sorted(ids)))
        if member.name not in {each.name for each in directory.members}:
            directory = add(directory, member)
    return directory


@given(directories())
def test_what_is_written_is_read_again(directory):
    assert parse_directory(format_directory(directory)) == directory


@given(directories(), st.data())
def test_no_other_spelling_is_read(directory, data):
    text = format_directory(directory)
    at = data.draw(st.integers(0, len(text)))
    changed = (
        text[:at] + data.draw(st.sampled_from(" \n\t#Aa1\r")) + text[at + data.draw(st.integers(0, 1)) :]
    )
    try:
        found = parse_directory(changed)
    except ValueError:
        return
    assert format_directory(found) == changed


def test_the_specifications_own_example_is_read():
    document = read("docs/spec/recipients.md")
    text = "".join(f"{line}\n" for line in re.findall(r"^    (\S.*)$", document, re.MULTILINE))
    assert [each.role for each in parse_directory(text).members] == [Role.RECOVERY, Role.LAWYER, Role.PERSON]


def lines(*members: Member | str) -> str:
    said = [each if isinstance(each, str) else format_member(each) for each in members]
    return "".join(f"{line}\n" for line in (HEADING, *said))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "line 1: it must be"),
        (HEADING, "the last line must end"),
        (lines() + "x", "the last line must end"),
        (lines(""), "line 2: it must be a role, a name"),
        (lines("# words"), "line 2: it must be a role, a name"),
        (lines(CLINIC, f"judge j {KEYS[5]} standing"), "line 3: 'judge' is no role"),
        (lines(f"lawyer Mia {KEYS[5]} standing"), "'Mia' is no name"),
        (lines(f"lawyer l {KEYS[5][:-1]}x standing"), "not an age public key"),
        (lines(f"lawyer l {KEYS[5].upper()} standing"), "small letters|not an age public key"),
        (lines(f"lawyer l {KEYS[5]} always"), "'always' is no use"),
        (lines(f"lawyer l {KEYS[5]} cases"), "'cases' is no use"),
        (lines(f"lawyer l {KEYS[5]} case:"), "named by its id"),
        (lines(f"lawyer l {KEYS[5]} case:{TWO},{ONE}"), f"spelled: lawyer l {KEYS[5]} case:{ONE},{TWO}"),
        (lines(f"lawyer l {KEYS[5]} case:{ONE.hex}"), "spelled"),
        (lines(f"recovery r {KEYS[5]} case:{ONE}"), "for all cases or retired"),
        (lines(CLINIC, CLINIC), "already"),
        (lines(CLINIC, replace(COURT, key=CLINIC.key)), "this key is law-clinic's already"),
        (lines(CLINIC, replace(CLINIC, key=KEYS[5])), "has a key already"),
        (lines(CLINIC, replace(COURT, name=CLINIC.name)), "is lawyer already"),
    ],
    ids=[str(number) for number in range(19)],  # the keys are made anew in each process
)
def test_what_is_wrong_is_said_with_its_line(text, wrong):
    with pytest.raises(ValueError, match=wrong):
        parse_directory(text)


def test_a_member_without_cases_is_for_no_case():
    with pytest.raises(ValueError, match="names them"):
        add(Directory(), replace(CLINIC, cases=(ONE,)))
    with pytest.raises(ValueError, match="names them"):
        add(Directory(), replace(CLINIC, use=Use.CASES))


def test_evidence_is_sealed_to_who_stands_there_and_who_belongs_to_the_case():
    standing = (RECOVERY.key, CLINIC.key, COURT.key)
    assert recipients_of(DIRECTORY) == standing
    assert recipients_of(DIRECTORY, [TWO]) == standing
    assert recipients_of(DIRECTORY, [TWO, ONE]) == (*standing, HERSELF.key)


def test_working_copies_are_sealed_to_the_reviewers_and_evidence_never():
    assert reviewers_of(DIRECTORY) == (TEAM.key,)
    assert TEAM.key not in recipients_of(DIRECTORY, [ONE, TWO])


def test_without_a_recovery_key_nothing_is_sealed():
    assert recovery_recipient(DIRECTORY) == RECOVERY.key
    for directory in (Directory((CLINIC,)), retire(DIRECTORY, "recovery")):
        with pytest.raises(ConfigurationError, match="keys split"):
            recipients_of(directory)


def test_a_rotated_key_is_for_what_comes_and_the_old_one_stays_listed():
    rotated = rotate(DIRECTORY, "law-clinic", KEYS[5])
    assert KEYS[5] in recipients_of(rotated)
    assert CLINIC.key not in recipients_of(rotated)
    assert replace(CLINIC, use=Use.RETIRED) in rotated.members
    assert in_use(rotated, "law-clinic").key == KEYS[5]
    assert parse_directory(format_directory(rotated)) == rotated
    with pytest.raises(ValueError, match="already"):
        rotate(rotated, "law-clinic", CLINIC.key)


def test_a_rotated_key_keeps_its_cases():
    assert in_use(rotate(DIRECTORY, "p-1", KEYS[5]), "p-1").cases == (ONE,)


def test_who_is_for_some_cases_gets_more_of_them():
    more = for_cases_too(DIRECTORY, "p-1", [TWO, ONE])
    assert in_use(more, "p-1").cases == (ONE, TWO)
    with pytest.raises(ValueError, match="for all cases"):
        for_cases_too(DIRECTORY, "law-clinic", [TWO])


def test_who_is_retired_or_unknown_has_no_key_in_use():
    for directory, name in ((retire(DIRECTORY, "team"), "team"), (DIRECTORY, "nobody")):
        with pytest.raises(ValueError, match="no key in use"):
            rotate(directory, name, KEYS[5])


def test_a_fingerprint_is_short_and_differs():
    assert len({fingerprint(key) for key in KEYS}) == len(KEYS)
    assert all(len(fingerprint(key).split()) == 5 for key in KEYS)


def test_a_directory_is_kept_in_the_data_folder_or_where_it_is_named(tmp_path):
    settings = Settings(data=tmp_path)
    assert directory_path(settings) == tmp_path / "recipients.txt"
    save_directory(directory_path(settings), DIRECTORY)
    save_directory(directory_path(settings), retire(DIRECTORY, "team"))
    assert load_directory(directory_path(settings)) == retire(DIRECTORY, "team")
    assert [each.name for each in tmp_path.iterdir()] == ["recipients.txt"]
    elsewhere = Settings(data=tmp_path, recipients=tmp_path / "elsewhere.txt")
    with pytest.raises(ConfigurationError, match=r"elsewhere\.txt"):
        load_directory(directory_path(elsewhere))


def test_a_directory_with_other_line_ends_is_refused(tmp_path):
    path = tmp_path / "recipients.txt"
    path.write_bytes(format_directory(DIRECTORY).replace("\n", "\r\n").encode())
    with pytest.raises(ConfigurationError, match="line 1"):
        load_directory(path)


def test_a_directory_that_cannot_be_written_stays_as_it_was(tmp_path):
    path = tmp_path / "file" / "recipients.txt"
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot write"):
        save_directory(path, DIRECTORY)
    assert [each.name for each in Path(tmp_path).iterdir()] == ["file"]
