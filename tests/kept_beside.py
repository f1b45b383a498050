"""What is kept beside a case's copies, against what it stands for, computed from all of them.

`cases.settle` and the breaker ask few rows, however many copies there are. This asks all, as they once did;
every story of `house.House` compares the two whenever nothing is left to do.
"""

from takeback.cases import breaker, breaker_store, rules
from takeback.cases import service as cases
from takeback.cases.breaker_rules import BreakerState
from takeback.takedown import service as takedown


def check(tx, case, now) -> None:
    """S13: the marks of a case say what its decisions, copies, matches and removals say."""
    found, copies = cases.get(tx, case), cases.copies(tx, case)
    decisions = cases.decisions(tx, case)
    removed = {copy.sighting for copy in cases.covered(tx, case, now).remove}
    planned = takedown.planned(tx, case)
    if rules.may_settle(found, decisions):
        marks = dict(tx.execute("select sighting_id, removal from cases_copy where case_id = %s", [case]))
        assert marks == {
            copy.sighting: "none"
            if copy.sighting not in removed
            else "planned"
            if copy.sighting in planned
            else "wanted"
            for copy in copies
        }, case
        assert cases.any_unplanned(tx, case, now) is bool(removed - planned)
        stopped = set(breaker.held(tx, case, BreakerState.STOPPED))
        asks = _unsettled(copies, removed - stopped, now)
        assert cases.asks_a_person(tx, case) is asks, case
    elif not rules.current(decisions):
        assert not any(mark for (mark,) in tx.execute(
            "select removal <> 'none' from cases_copy where case_id = %s", [case]))  # fmt: skip
    _check_tally(tx, case, now)


def _unsettled(copies, decided, now) -> bool:
    return any(
        copy.counts
        and copy.can_be_seen
        and copy.sighting not in decided
        and not (copy.confirmed and not copy.acts(now))
        for copy in copies
    )


def _check_tally(tx, case, now) -> None:
    few, all_ = breaker._counted(tx, case, now), breaker._counted_with_places(tx, case, now)
    assert few.keys() == all_.keys()
    for entry, tally in all_.items():
        assert (few[entry].removals, few[entry].posters) == (tally.removals, tally.posters)
    assert breaker_store.any_stopped(tx, case) is any(
        copy.can_be_seen and copy.sighting in breaker.held(tx, case, BreakerState.STOPPED)
        for copy in cases.copies(tx, case)
    )
