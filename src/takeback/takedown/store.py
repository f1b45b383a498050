"""SQL of the takedown's tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg.rows import TupleRow

from takeback.connectors.api import Action, State, Surface, Vantage
from takeback.events import StepEnd
from takeback.ids import CaseId, EventId, SightingId, TargetId
from takeback.infra.db.pool import Tx
from takeback.takedown.model import (
    ControlRow,
    Finding,
    LookRow,
    Removal,
    Round,
    StepProgress,
    TargetProgress,
    TargetState,
    When,
)

_REMOVAL = (
    "select id, case_id, sighting_id, connector, place, message, media, state, round, changed_at"
    " from takedown_target"
)


def _removal(row: TupleRow) -> Removal:
    return Removal(row[0], row[1], row[2], row[3], row[4], row[5], row[6], TargetState(row[7]), *row[8:])


def insert(tx: Tx, removal: Removal) -> bool:
    """Plan a removal; False if it is planned."""
    added = tx.execute(
        "insert into takedown_target (id, case_id, sighting_id, connector, place, message, media, state,"
        " planned_at, changed_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [removal.id, removal.case, removal.sighting, removal.connector, removal.place, removal.message,
         removal.media, removal.state, removal.changed_at, removal.changed_at],
    )  # fmt: skip
    return added.rowcount == 1


def get(tx: Tx, target: TargetId, *, lock: bool = False) -> Removal | None:
    """One removal; with `lock`, nobody else may change it until the transaction ends."""
    row = tx.execute(_REMOVAL + " where id = %s" + (" for update" if lock else ""), [target]).fetchone()
    return None if row is None else _removal(row)


def set_state(tx: Tx, target: TargetId, state: TargetState, round_: int, now: datetime) -> None:
    """Move a removal on; the first time that it is gone is kept."""
    tx.execute(
        "update takedown_target set state = %(state)s, round = %(round)s, changed_at = %(now)s,"
        " gone_at = case when %(state)s = 'gone' then coalesce(gone_at, %(now)s) else gone_at end"
        " where id = %(target)s",
        {"state": state, "round": round_, "now": now, "target": target},
    )


def begin(tx: Tx, target: TargetId, now: datetime) -> bool:
    """A removal that is under way is acted on; False if it is not under way."""
    changed = tx.execute(
        "update takedown_target set state = 'acting', changed_at = %s"
        " where id = %s and state in ('planned', 'acting')",
        [now, target],
    )
    return changed.rowcount == 1


def end(tx: Tx, target: TargetId, now: datetime) -> int | None:
    """A removal of which no step is open is looked for; the round of looks, or None if there is more to do.

    A worker that was taken for dead may get here while a later attempt is under way: that one ends it.
    """
    row = tx.execute(
        "update takedown_target t set state = 'checking', changed_at = %(now)s"
        " where id = %(target)s and state = 'acting' and not exists (select from takedown_step s"
        "     where s.target_id = t.id and done_at is null"
        "     and attempt = (select max(attempt) from takedown_step where target_id = t.id))"
        " returning round",
        {"now": now, "target": target},
    ).fetchone()
    return None if row is None else row[0]


def fail(tx: Tx, target: TargetId, now: datetime) -> bool:
    """A removal needs a person; False if it was called off."""
    changed = tx.execute(
        "update takedown_target set state = 'failed', changed_at = %s"
        " where id = %s and state <> 'called_off'",
        [now, target],
    )
    return changed.rowcount == 1


def open_attempt(tx: Tx, target: TargetId, actions: Sequence[Action]) -> int:
    """Write down the steps of one more attempt; its number, from 0."""
    row = tx.execute("select coalesce(max(attempt) + 1, 0) from takedown_step where target_id = %s", [target])
    (attempt,) = row.fetchone() or (0,)
    for action in actions:
        tx.execute(
            "insert into takedown_step (target_id, attempt, action) values (%s, %s, %s)",
            [target, attempt, action],
        )
    return attempt


def open_steps(tx: Tx, target: TargetId) -> list[tuple[int, Action]]:
    """Steps of the last attempt that are not done: (attempt, action)."""
    rows = tx.execute(
        "select attempt, action from takedown_step where target_id = %(target)s and done_at is null"
        " and attempt = (select max(attempt) from takedown_step where target_id = %(target)s)",
        {"target": target},
    )
    return [(row[0], Action(row[1])) for row in rows]


def step_done(
    tx: Tx, target: TargetId, attempt: int, action: Action, receipt: str, how: StepEnd, now: datetime
) -> bool:
    """A step came to its end; False if that was known."""
    changed = tx.execute(
        "update takedown_step set receipt = %s, how = %s, done_at = %s, error = null"
        " where target_id = %s and attempt = %s and action = %s and done_at is null",
        [receipt, how, now, target, attempt, action],
    )
    return changed.rowcount == 1


def step_error(tx: Tx, target: TargetId, attempt: int, action: Action, error: str) -> None:
    """A step did not work, for now or for good."""
    tx.execute(
        "update takedown_step set error = %s where target_id = %s and attempt = %s and action = %s",
        [error, target, attempt, action],
    )


def write_looks(
    tx: Tx, target: TargetId, round_: int, looks: Sequence[LookRow], control: Sequence[ControlRow]
) -> None:
    """Keep what a round of looks showed; a repeated round replaces all that it showed before."""
    tx.execute("delete from takedown_look where target_id = %s and round = %s", [target, round_])
    tx.execute("delete from takedown_control where target_id = %s and round = %s", [target, round_])
    with tx.cursor() as cursor:
        cursor.executemany(
            "insert into takedown_look (target_id, round, surface, vantage, state, seen, looked_at)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (target, round_, look.surface, look.vantage, look.state, look.seen, look.looked_at)
                for look in looks
            ],
        )
        cursor.executemany(
            "insert into takedown_control (target_id, round, moment, surface, vantage, state, seen)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [(target, round_, row.when, row.surface, row.vantage, row.state, row.seen) for row in control],
        )


def looked(tx: Tx, target: TargetId, round_: int) -> tuple[tuple[LookRow, ...], tuple[ControlRow, ...]]:
    """What is kept of one round: the looks, and the control beside them."""
    looks = tx.execute(
        "select round, surface, vantage, state, seen, looked_at from takedown_look"
        " where target_id = %s and round = %s order by surface, vantage",
        [target, round_],
    )
    control = tx.execute(
        "select round, moment, surface, vantage, state, seen from takedown_control"
        " where target_id = %s and round = %s order by moment desc, surface, vantage",
        [target, round_],
    )
    return tuple(_look(row) for row in looks), tuple(_control(row) for row in control)


def _look(row: TupleRow) -> LookRow:
    return LookRow(row[0], Surface(row[1]), Vantage(row[2]), State(row[3]), row[4], row[5])


def _control(row: TupleRow) -> ControlRow:
    return ControlRow(row[0], When(row[1]), Surface(row[2]), Vantage(row[3]), State(row[4]), row[5])


def is_concluded(tx: Tx, target: TargetId, round_: int) -> bool:
    """Whether it was said what a round came to."""
    found = tx.execute("select from takedown_round where target_id = %s and round = %s", [target, round_])
    return found.fetchone() is not None


def conclude(
    tx: Tx, target: TargetId, round_: int, at: datetime, finding: Finding, series: bytes, event: EventId
) -> None:
    """Keep what a round came to; once for each."""
    tx.execute(
        "insert into takedown_round (target_id, round, at, finding, series, event_id)"
        " values (%s, %s, %s, %s, %s, %s)",
        [target, round_, at, finding, series, event],
    )


def rounds(tx: Tx, case: CaseId) -> tuple[Round, ...]:
    """The rounds of a case that came to their end: by copy in the order of planning, then by number."""
    return _ended(tx, case, _looks(tx, case), _controls(tx, case))


def _ended(
    tx: Tx,
    case: CaseId,
    looks: Mapping[TargetId, Sequence[LookRow]],
    control: Mapping[TargetId, Sequence[ControlRow]],
) -> tuple[Round, ...]:
    ended = tx.execute(
        "select r.target_id, t.sighting_id, r.round, r.at, r.finding, r.series, r.event_id"
        " from takedown_round r join takedown_target t on t.id = r.target_id where t.case_id = %s"
        " order by t.planned_at, t.sighting_id, r.round",
        [case],
    )
    return tuple(
        Round(
            target=target,
            sighting=SightingId(sighting),
            round=round_,
            at=at,
            finding=Finding(finding),
            looks=tuple(look for look in looks.get(target, ()) if look.round == round_),
            control=tuple(row for row in control.get(target, ()) if row.round == round_),
            series=bytes(series),
            event=EventId(event),
        )
        for target, sighting, round_, at, finding, series, event in ended
    )


def any_unfinished(tx: Tx, case: CaseId) -> bool:
    """Whether a copy of a case is not gone, of those that are still to be."""
    found = tx.execute(
        "select from takedown_target where case_id = %s and state not in ('gone', 'called_off') limit 1",
        [case],
    )
    return found.fetchone() is not None


def is_busy(tx: Tx, case: CaseId) -> bool:
    """Whether a removal of a case is planned or being done."""
    found = tx.execute(
        "select from takedown_target where case_id = %s and state in ('planned', 'acting') limit 1", [case]
    )
    return found.fetchone() is not None


def waiting(tx: Tx, sighting: SightingId) -> tuple[TargetId, ...]:
    """Removals of a copy that are under way."""
    rows = tx.execute(
        "select id from takedown_target where sighting_id = %s"
        " and state in ('planned', 'acting') order by id",
        [sighting],
    )
    return tuple(row[0] for row in rows)


def open_of(tx: Tx, case: CaseId) -> list[TargetId]:
    """Removals of a case that are not done yet, held until the transaction ends."""
    rows = tx.execute(
        "select id from takedown_target where case_id = %s and state in ('planned', 'acting', 'failed')"
        " order by id for update",
        [case],
    )
    return [row[0] for row in rows]


def planned(tx: Tx, case: CaseId, only: SightingId | None) -> list[SightingId]:
    """The copies of a case, or this one, whose removal is planned, and was not called off."""
    asked = "select sighting_id from takedown_target where case_id = %s and state <> 'called_off'"
    if only is None:
        rows = tx.execute(asked, [case])
    else:
        rows = tx.execute(asked + " and sighting_id = %s", [case, only])
    return [row[0] for row in rows]


def _looks(tx: Tx, case: CaseId) -> dict[TargetId, list[LookRow]]:
    """All looks of a case."""
    found: dict[TargetId, list[LookRow]] = {}
    for target, *row in tx.execute(
        "select l.target_id, l.round, l.surface, l.vantage, l.state, l.seen, l.looked_at from takedown_look l"
        " join takedown_target t on t.id = l.target_id where t.case_id = %s"
        " order by l.round, l.surface, l.vantage",
        [case],
    ):
        found.setdefault(target, []).append(_look(tuple(row)))
    return found


def _controls(tx: Tx, case: CaseId) -> dict[TargetId, list[ControlRow]]:
    """All looks at the control beside them."""
    found: dict[TargetId, list[ControlRow]] = {}
    for target, *row in tx.execute(
        "select c.target_id, c.round, c.moment, c.surface, c.vantage, c.state, c.seen from takedown_control c"
        " join takedown_target t on t.id = c.target_id where t.case_id = %s"
        " order by c.round, c.moment desc, c.surface, c.vantage",
        [case],
    ):
        found.setdefault(target, []).append(_control(tuple(row)))
    return found


def progress(tx: Tx, case: CaseId) -> tuple[TargetProgress, ...]:
    """All removals of a case, with steps and looks."""
    steps: dict[TargetId, list[StepProgress]] = {}
    for target, action, attempt, done_at, error, how in tx.execute(
        "select s.target_id, s.action, s.attempt, s.done_at, s.error, s.how from takedown_step s"
        " join takedown_target t on t.id = s.target_id where t.case_id = %s"
        " order by s.attempt, s.action = 'redact_message'",
        [case],
    ):
        step = StepProgress(Action(action), attempt, done_at, error, StepEnd(how))
        steps.setdefault(target, []).append(step)
    looks, control = _looks(tx, case), _controls(tx, case)
    ended: dict[TargetId, list[Round]] = {}
    for each in _ended(tx, case, looks, control):
        ended.setdefault(each.target, []).append(each)
    targets = tx.execute(
        "select id, sighting_id, connector, state, round, changed_at, gone_at from takedown_target"
        " where case_id = %s order by planned_at, sighting_id",
        [case],
    )
    return tuple(
        TargetProgress(
            target=target,
            sighting=sighting,
            connector=connector,
            state=TargetState(state),
            round=round_,
            changed_at=changed_at,
            gone_at=gone_at,
            steps=tuple(steps.get(target, ())),
            looks=tuple(looks.get(target, ())),
            control=tuple(control.get(target, ())),
            rounds=tuple(ended.get(target, ())),
        )
        for target, sighting, connector, state, round_, changed_at, gone_at in targets
    )
