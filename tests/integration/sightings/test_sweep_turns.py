"""Wherever a bank entry comes in between the statements of a sighting's transaction, its look-back by the
sweeper, or the transaction itself, compares the two; and whatever is moved to the archive meanwhile is found.
"""

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

import look_backs
import synthetic
from takeback.bank import service as bank
from takeback.bank.index import BankIndex
from takeback.errors import StorageUnavailable
from takeback.ids import ReportId
from takeback.infra.blobs import Blobs
from takeback.matching import service as matching
from takeback.sightings import store as sightings
from takeback.sightings.archive import Archive
from takeback.sightings.model import Later, Seen
from takeback.sightings.sweep import Sweeper
from turns import State, Turns

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OLD = NOW - timedelta(days=40)


class Meeting:
    """One post and one entry that show the same picture."""

    def __init__(self, database, folder, number) -> None:
        dots = random.Random(number)
        self.database, self.folder, self.place = database, folder, f"meeting {number}"
        self.flips, self.entry = synthetic.an_image(dots), None
        self.seen = synthetic.seen(self.place, 1, synthetic.bent(self.flips[3], 31, dots))

    def passing(self, actor) -> None:
        with actor.transaction() as tx:
            matching.commit(tx, BankIndex(), self.place, [self.seen], NOW)

    def read_late(self, actor) -> None:
        with actor.transaction() as tx:
            matching.commit_late(tx, BankIndex(), self.unread, self.seen.reading, NOW)

    def set_unread(self) -> None:
        with self.database.transaction() as tx:
            later = Seen(self.seen.post, self.seen.media, Later("503"))
            [self.unread] = sightings.insert(tx, self.place, [later], NOW)

    def banking(self, actor) -> None:
        with actor.transaction() as tx:
            entry = bank.add_seed(tx, ReportId(uuid4()), "1", self.flips, 100, NOW)
        self.entry = entry  # committed: the look-back may begin

    def looking_back(self, actor) -> None:
        look_backs.look_back(actor, self.entry, NOW, Sweeper(actor, self.folder / "flat"))

    def has_met_once(self) -> bool:
        must, _ = synthetic.truth(self.database, self.place)
        written, told = synthetic.matches(self.database, self.place)
        return len(must) == 1 and set(written) == must and written == told


@pytest.mark.parametrize("late", [False, True], ids=["passing", "read late"])
def test_no_place_between_its_statements_loses_a_pair(database, tmp_path, late):
    blocked = 0
    for before in range(99):
        meeting = Meeting(database, tmp_path, before)
        if late:
            meeting.set_unread()
        with Turns(database.url) as turns:
            sighting = turns.add(meeting.read_late if late else meeting.passing)
            banker = turns.add(meeting.banking)
            look_back = turns.add(meeting.looking_back, lambda meeting=meeting: meeting.entry is not None)
            for _ in range(before + 1):
                turns.give(sighting)
            if sighting.state is State.DONE:
                break
            if turns.until_stopped(banker):
                turns.until_stopped(look_back)
            blocked += turns.blocked
            turns.play(())
            assert meeting.has_met_once(), before
    assert before >= 4
    assert blocked > 0


def test_a_look_back_among_many_of_one_folder_finds_what_each_must(database, tmp_path):
    """Look-backs of several entries share the flat cache, turn by turn."""
    for schedule in range(8):
        dots = random.Random(schedule)
        mine = [Meeting(database, tmp_path, 2000 + 10 * schedule + n) for n in range(3)]
        with Turns(database.url) as turns:
            for meeting in mine:
                turns.add(meeting.passing)
                turns.add(meeting.banking)
                turns.add(meeting.looking_back, lambda meeting=meeting: meeting.entry is not None)
            turns.play([dots.randrange(9) for _ in range(200)])
        assert all(meeting.has_met_once() for meeting in mine), schedule


def test_what_is_moved_while_a_look_back_is_under_way_is_found_by_it_or_by_its_next_try(database, tmp_path):
    pytest.importorskip("daft", reason="the extra `sweep` is not installed")
    archive = Archive(Blobs(str(tmp_path / "blobs")))
    tried = found_at_once = 0
    for before in range(99):
        meeting = Meeting(database, tmp_path, 5000 + before)
        with database.transaction() as tx:
            sightings.insert(tx, meeting.place, [meeting.seen], OLD)
        meeting.banking(database)
        again = []

        def looking_back(actor, meeting=meeting, again=again) -> None:
            sweeper = Sweeper(actor, tmp_path / "flat", archive)
            try:
                look_backs.look_back(actor, meeting.entry, NOW, sweeper)
            except (StorageUnavailable, psycopg.errors.ForeignKeyViolation):  # its job is tried again
                again.append(1)

        with Turns(database.url) as turns:
            look_back = turns.add(looking_back)
            for _ in range(before + 1):
                turns.give(look_back)
            done = look_back.state is State.DONE
            archive.move(database, NOW.date(), NOW)
            turns.play(())
        if again:
            tried += 1
            look_backs.look_back(database, meeting.entry, NOW, Sweeper(database, tmp_path / "flat", archive))
        assert meeting.has_met_once(), before
        found_at_once += not again
        if done:
            break
    assert before >= 5
    assert found_at_once > 0
