"""Rows that a story begins with, put where they belong without the story before it."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import synthetic
from takeback.cases import service as cases
from takeback.ids import CaseId, ReportId
from takeback.law.clocks import Clock
from takeback.sightings import store as sightings

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def a_case(tx) -> CaseId:
    """A case of a report that nobody ever wrote."""
    return cases.open_case(tx, ReportId(uuid4()), NOW, Clock("house", NOW), NOW)


def a_copy(tx, case: CaseId, number: int, at: datetime = NOW):
    """A copy that the reporter named joins the case; as cases know it."""
    post = synthetic.seen(f"!of {case}", number, UUID(int=number).bytes * 2)
    [sighting] = sightings.insert(tx, "memory", [post], at)
    cases.add_located(tx, cases.get(tx, case).report, sighting, at)
    [copy] = [copy for copy in cases.copies(tx, case) if copy.sighting == sighting]
    return copy
