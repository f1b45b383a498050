"""Short words for tests of the log."""

from uuid import UUID

from takeback.events import CaseOpened
from takeback.ids import CaseId, ReportId
from takeback.infra.ledger.record import record


def an_event(n=0):
    """Some event, another one for each number."""
    return CaseOpened(CaseId(UUID(int=n)), ReportId(UUID(int=n + 1)))


def record_events(database, count):
    """Record events, each in a transaction of its own; their numbers."""
    numbers = []
    for n in range(count):
        with database.transaction() as tx:
            numbers.append(record(tx, an_event(n)))
    return numbers


def sequence_all(sequencer):
    """Until nothing waits; the checkpoints."""
    checkpoints = []
    while (checkpoint := sequencer.sequence_once()) is not None:
        checkpoints.append(checkpoint)
    return checkpoints


def tamper(database, statement, parameters=()):
    """Change what must not be changed, as one who owns the database can."""
    with database.transaction() as tx:
        tx.execute("set local session_replication_role = replica")  # neither triggers nor foreign keys
        tx.execute(statement, parameters)


def wrong(report):
    """What the report says is wrong, by the number of the step."""
    return {step.number: step.wrong for step in report.steps if step.wrong}
