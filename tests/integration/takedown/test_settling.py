"""A case may be called removed only when every copy is gone, also if one is found at that very moment."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

from deciding_now import decide_now
from made_up import NOW, a_case, a_copy
from takeback.cases import deciding
from takeback.cases import service as cases
from takeback.cases.model import CaseStatus, DecisionReason
from takeback.events import Verdict
from takeback.ids import StaffId
from takeback.infra.config import Settings
from takeback.takedown import service as takedown
from takeback.takedown import store
from takeback.takedown.model import TargetState
from takeback.workflow import decisions
from turns import State, Turns

STAFF = StaffId(UUID(int=1))
APP = SimpleNamespace(settings=Settings(_env_file=None))


def removing(tx):
    """A case of two copies, decided; the first is planned: (case, first, second)."""
    case = a_case(tx)
    copies = a_copy(tx, case, 1), a_copy(tx, case, 2)
    reason = DecisionReason.INTIMATE_AND_NO_CONSENT
    undo = timedelta(0)
    verdict = Verdict.SHARED_WITHOUT_CONSENT
    decision = decide_now(tx, case, verdict, reason, staff=STAFF, now=NOW, undo=undo)
    deciding.take_effect(tx, decision.id, NOW)
    takedown.plan(tx, copies[0], NOW)
    return case, *copies


def test_a_copy_planned_while_the_last_one_is_found_gone_keeps_the_case_open(database):
    for before in range(20):
        with database.transaction() as tx:
            case, _, second = removing(tx)
            [target] = takedown.progress(tx, case)
            store.set_state(tx, target.target, TargetState.GONE, 1, NOW)

        def gone(actor, case=case) -> None:
            with actor.transaction() as tx:
                decisions.settle(tx, case, NOW)

        def planned(actor, case=case, second=second) -> None:
            with actor.transaction() as tx:
                takedown.plan(tx, second, NOW)
            with actor.transaction() as tx:
                decisions.settle(tx, case, NOW)

        with Turns(database.url) as turns:
            settling, planning = turns.add(gone), turns.add(planned)
            for _ in range(before):
                turns.give(settling)
            ended = settling.state is State.DONE
            turns.until_stopped(planning)
            turns.play(())
        with database.transaction() as tx:
            assert cases.get(tx, case).status is CaseStatus.REMOVING
            assert not takedown.all_gone(tx, case)
        if ended:
            break
    assert before > 3


def test_two_workers_that_plan_the_same_copies_plan_each_once(database):
    for before in range(1, 40, 3):
        with database.transaction() as tx:
            case, *_ = removing(tx)

        def carrying_out(actor, case=case) -> None:
            with actor.transaction() as tx:
                decisions.carry_out(APP, tx, case, NOW)

        with Turns(database.url) as turns:
            first, second = turns.add(carrying_out), turns.add(carrying_out)
            for _ in range(before):
                if first.state is State.AT_GATE:
                    turns.give(first)
            turns.until_stopped(second)
            turns.play(())
        with database.transaction() as tx:
            assert len(takedown.progress(tx, case)) == 2
            told = tx.execute(
                "select count(*) from event where kind = 'removal_planned' and body ->> 'case' = %s",
                [str(case)],
            ).fetchone()[0]
            assert told == 2
