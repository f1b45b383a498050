"""Jobs that the first edition queued are read and run, and end as they would have then."""

import json

import pytest

from repository import ROOT
from takeback.events import JobGaveUp
from takeback.infra.jobs import wire
from working import put_row

QUEUED = json.loads((ROOT / "tests" / "vectors" / "first_edition" / "written.json").read_text())["jobs"]


def left(house) -> list[tuple]:
    return house.query(
        "select task_name, args from procrastinate_jobs where not args ? 'v' and status = 'todo'"
    )


def test_every_job_that_the_first_edition_queued_is_run(house, removed):
    """Their rows are not here: most find nothing to do, the others are given up, for a person."""
    before = house.copies(removed[0])
    for name, args in QUEUED:
        put_row(house.database, name, args)
    assert len(left(house)) == len(QUEUED)
    house.after(minutes=10, steps=20)
    assert not left(house)
    in_vain = {"follow", "locate", "carry_out", "write_dossier"}
    assert {event.job for event in house.events(JobGaveUp)} == in_vain
    assert house.copies(removed[0]) == before


@pytest.mark.usefixtures("removed")
def test_jobs_of_the_first_edition_do_what_those_of_today_do(house):
    """The look that waits is put as it was then; the copy is looked for."""
    [(name, args)] = house.query("select task_name, args from procrastinate_jobs where task_name = 'look'")
    house.query("delete from procrastinate_jobs")
    put_row(house.database, name, {key: value for key, value in args.items() if key != "v"})
    rounds = house.query("select count(*) from takedown_round")
    house.work()
    assert house.query("select count(*) from takedown_round")[0][0] == rounds[0][0] + 1
    assert wire.read(name, args) == wire.read(name, {"target": args["target"], "round": args["round"]})
