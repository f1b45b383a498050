"""A copy in an archive that was read cannot be removed: a person is told so at once."""

from datetime import UTC, datetime

from made_up import a_case, a_copy
from takeback.connectors.archive import ArchiveConnector
from takeback.takedown import service as takedown
from takeback.takedown.model import TargetState

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_a_removal_there_fails_with_what_to_do(database, tmp_path):
    with database.transaction() as tx:
        case = a_case(tx)
        takedown.plan(tx, a_copy(tx, case, 1), NOW)
        [planned] = takedown.progress(tx, case)
    archive = ArchiveConnector("old", str(tmp_path), 100)
    for _ in range(2):
        with database.transaction() as tx:
            removal = takedown.require(tx, planned.target)
        takedown.remove(database, archive, removal)
        with database.transaction() as tx:
            [failed] = takedown.progress(tx, case)
            said = tx.execute("select body ->> 'reason' from event where kind = 'removal_failed'").fetchall()
        assert failed.state is TargetState.FAILED
        assert len(said) == 1
        assert "ask whoever keeps it" in said[0][0]
