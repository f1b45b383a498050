"""Entries that were banked before reporters' numbers were checked are looked at once."""

import random
from uuid import UUID, uuid4

import pytest

from banks import activate
from made_flips import made_flips
from takeback.bank import service as bank
from takeback.bank import store, upkeep
from takeback.bank.model import EntryStatus, Refusal, Refused
from takeback.events import JobGaveUp
from takeback.events.form import parse
from takeback.ids import ReportId
from takeback.infra import clock

DOTS = random.Random(5)


def mixed() -> tuple[bytes, ...]:
    """Eight hashes, each of another picture, and each such as a picture has."""
    return tuple(made_flips(DOTS)[0] for _ in range(8))


def add(database, name: str, flips: tuple[bytes, ...], *, active: bool = False):
    """As the first version banked it: nobody compared the flips."""
    report = ReportId(uuid4())
    with database.transaction() as tx:
        entry = bank.add_seed(tx, report, name, flips, 100, clock.now())
        assert entry is not None
        if active:
            activate(tx, entry, clock.now())
    return report, entry


def status(database, entry) -> EntryStatus:
    with database.transaction() as tx:
        found = store.get(tx, entry)
        assert found is not None
        return found.status


def refusals(database, report: UUID) -> tuple[Refused, ...]:
    with database.transaction() as tx:
        return bank.refusals(tx, ReportId(report))


def named(database) -> list[JobGaveUp]:
    with database.transaction() as tx:
        rows = tx.execute("select kind, body from event where kind = 'job_gave_up'").fetchall()
    return [parse(*row) for row in rows]


def test_seeds_that_no_picture_has_are_withdrawn_and_their_refusal_is_told(database):
    """H1: what was banked before is not left behind."""
    report, entry = add(database, "picture 3", mixed())
    upkeep.check_claims_once(database)
    assert status(database, entry) is EntryStatus.WITHDRAWN
    assert refusals(database, report) == (Refused("picture 3", Refusal.NOT_ONE_PICTURE),)
    assert named(database) == []


def test_active_ones_are_named_for_a_person_and_go_on(database):
    """H1: somebody decided about it, so somebody looks; nothing is reversed by a program."""
    _, entry = add(database, "picture 1", mixed(), active=True)
    upkeep.check_claims_once(database)
    upkeep.check_claims_once(database)
    assert status(database, entry) is EntryStatus.ACTIVE
    [found] = named(database)
    assert str(entry) in found.subject


@pytest.mark.parametrize("name", ["location 1.1", "location 2.1, the picture in it"])
def test_what_was_hashed_here_is_not_judged(database, name):
    _, entry = add(database, name, mixed())
    upkeep.check_claims_once(database)
    assert status(database, entry) is EntryStatus.SEED


def test_what_one_picture_has_stays(database, monkeypatch):
    monkeypatch.setattr(upkeep, "_PAGE", 2)
    good = [add(database, f"picture {number + 1}", made_flips(DOTS))[1] for number in range(5)]
    bad = [add(database, "picture 2", mixed())[1] for _ in range(5)]
    upkeep.check_claims_once(database)
    assert [status(database, entry) for entry in good] == [EntryStatus.SEED] * 5
    assert [status(database, entry) for entry in bad] == [EntryStatus.WITHDRAWN] * 5


def test_it_is_done_once(database):
    upkeep.check_claims_once(database)
    _, entry = add(database, "picture 1", mixed())
    upkeep.check_claims_once(database)
    assert status(database, entry) is EntryStatus.SEED
