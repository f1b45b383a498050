"""One more copy costs the same, however many copies its case has."""

import pytest

from takeback_dev.bench import planning

ROWS = """
    select (select coalesce(sum(seq_tup_read), 0) from pg_stat_user_tables)
        + (select coalesce(sum(idx_tup_read), 0) from pg_stat_user_indexes)
"""


def rows_read(database) -> int:
    """By all statements until now, as the server counts them."""
    for _ in range(2):  # the first flushes what this session has counted, and the second sees it
        with database.transaction() as tx:
            tx.execute("select pg_stat_force_next_flush()")
    with database.transaction() as tx:
        tx.execute("select pg_stat_clear_snapshot()")
        return int(tx.execute(ROWS).fetchone()[0])


@pytest.fixture
def database(database_url):
    """Of one connection: what it has read is what was read."""
    from takeback.infra.db.pool import Database

    with Database(database_url, max_size=1) as opened:
        yield opened


@pytest.mark.parametrize("state", planning.STATES)
def test_s13_one_more_copy_reads_as_few_rows_in_a_case_of_2000_as_of_200(database, state):
    """S13: planning is not quadratic, whether the others are gone, planned or wait for an answer."""
    read = dict[int, int]()
    for copies in (200, 2000):
        built = planning.build(database, copies, state)
        with database.transaction() as tx:
            tx.execute("analyze")
        planning.add(database, built)  # what is read once
        before = rows_read(database)
        for _ in range(3):
            planning.add(database, built)
        read[copies] = rows_read(database) - before
    assert read[200] > 0
    assert read[2000] < read[200] + 200, read
