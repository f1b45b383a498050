"""A job is written, read again as itself, and those of the first edition are read, too."""

import ast
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository import ROOT, SOURCES
from takeback import events, jobs
from takeback.events import FOLLOWED, FoundBy
from takeback.ids import CaseId, EventId, ReportId, SightingId, TargetId
from takeback.infra.jobs import wire
from takeback.jobs import JOBS, PERIODIC, SLOW, Urgency, after

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
ANY_JOB = st.sampled_from(JOBS).flatmap(st.from_type)
ID = UUID(int=7)
PERIODIC_THEN = {
    "take_in", "pass_clocks", "wipe_drafts", "ask_for_captured", "check_claims", "forget_arrivals",
    "keep_evidence", "keep_sightings",
}  # fmt: skip
QUEUED_THEN = json.loads((ROOT / "tests" / "vectors" / "first_edition" / "written.json").read_text())["jobs"]


@given(ANY_JOB)
def test_a_job_is_read_as_it_was_written(job):
    args = json.loads(json.dumps(wire.args_of(job)))
    assert args["v"] == jobs.VERSION
    assert wire.read(wire.name_of(type(job)), args) == job


def test_a_job_is_frozen_and_has_a_name_of_its_own_and_those_of_the_first_edition_stay():
    names = [wire.name_of(cls) for cls in JOBS]
    assert len(set(names)) == len(names)
    assert set(names) >= PERIODIC_THEN | {name for name, _ in QUEUED_THEN}
    for cls in JOBS:
        assert cls.__dataclass_params__.frozen
        assert cls.__doc__
        assert (cls.policy.cron is not None) is (cls in PERIODIC)


@pytest.mark.parametrize(
    ("name", "args", "job"),
    [
        ("follow", {"fact": 7}, jobs.HandleEvent(EventId(7))),
        ("take_in", {}, jobs.TakeIn()),
        ("locate", {"report": str(ID), "number": 1, "let_in": 0}, jobs.Locate(ReportId(ID), 1)),
        (
            "locate",
            {"report": str(ID), "number": 1, "slow": 1, "let_in": 1},
            jobs.Locate(ReportId(ID), 1, slow=True, let_in=True),
        ),
        ("read_again", {"sighting": 3}, jobs.ReadAgain(SightingId(3))),
        ("read_exactly", {"sighting": 3, "by": "live"}, jobs.ReadExactly(SightingId(3), FoundBy.LIVE)),
        ("carry_out", {"case": str(ID)}, jobs.CarryOut(CaseId(ID))),
        ("carry_out", {"case": str(ID), "rest": 1}, jobs.CarryOut(CaseId(ID), rest=True)),
        ("look", {"target": str(ID), "round": 2}, jobs.Look(TargetId(ID), 2)),
        (
            "destroy_packages",
            {"case": str(ID), "until": "2026-01-02T03:04:05.000006+00:00"},
            jobs.DestroyPackages(CaseId(ID), datetime(2026, 1, 2, 3, 4, 5, 6, UTC)),
        ),
    ],
)
def test_a_job_of_the_first_edition_is_read(name, args, job):
    assert wire.read(name, args) == job


def test_each_job_that_the_first_edition_queued_is_read():
    for name, args in [*QUEUED_THEN, *((name, {}) for name in PERIODIC_THEN)]:
        assert wire.name_of(type(wire.read(name, args))) == name


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("of_tomorrow", {}),
        ("remove", {"v": 2, "target": str(ID)}),
        ("remove", {"v": "1", "target": str(ID)}),
        ("remove", {"v": 1, "target": "nobody"}),
        ("remove", {}),
        ("follow", {"event": 7}),
    ],
)
def test_another_name_version_or_argument_is_refused(name, args):
    with pytest.raises(ValueError, match=name):
        wire.read(name, args)


def test_s9_reports_decisions_removals_and_clocks_go_before_details_and_upkeep():
    later = Urgency.DETAILS, Urgency.UPKEEP
    sooner = jobs.TakeIn, jobs.TakeEffect, jobs.CarryOut, jobs.Remove, jobs.Locate, jobs.Look, jobs.PassClocks
    assert all(job.policy.urgency > max(later) for job in sooner)
    assert jobs.LookClosely.policy.urgency is Urgency.DETAILS
    assert jobs.KeepSightings.policy.urgency is jobs.Shred.policy.urgency is Urgency.UPKEEP


def test_s9_what_follows_from_an_event_is_as_urgent_as_the_event():
    urgency = {kind: after(kind.__new__(kind)) for kind in FOLLOWED}
    assert urgency[events.ReportReceived] is urgency[events.DecisionEffective] is Urgency.PEOPLE
    assert urgency[events.RemovalPlanned] is urgency[events.CopyFound] is Urgency.REMOVALS
    assert urgency[events.Matched] < urgency[events.Captured] < urgency[events.RemovalPlanned]
    assert min(SLOW) <= jobs.slow(10**6) <= jobs.slow() == max(SLOW) < 0


def test_a_job_is_enqueued_as_a_class_and_never_by_a_name():
    named = [
        path.name
        for path in Path(SOURCES).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "enqueue"
        if not isinstance(node.args[1], ast.Call)
    ]
    assert not named
