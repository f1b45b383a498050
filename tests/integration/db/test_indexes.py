"""What the tables promise to whoever deletes a row or changes its key: it is never a walk over others."""

FOREIGN_KEYS_WITHOUT_INDEX = """
    select c.conrelid::regclass::text, (
        select array_agg(a.attname::text order by k.n)
        from unnest(c.conkey) with ordinality k(attnum, n)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum)
    from pg_constraint c
    where c.contype = 'f' and not exists (
        select from pg_index i
        where i.indrelid = c.conrelid and i.indisvalid and i.indpred is null
            and (select array_agg(led order by led) from unnest(
                    (i.indkey::int2[])[0:cardinality(c.conkey) - 1]) led)
                = (select array_agg(led order by led) from unnest(c.conkey) led))
    order by 1, 2
"""


def test_s13_the_columns_of_every_foreign_key_lead_an_index(database):
    """S13: a row that others refer to is deleted without reading all of theirs."""
    with database.transaction() as tx:
        found = [(table, *columns) for table, columns in tx.execute(FOREIGN_KEYS_WITHOUT_INDEX)]
        (keys,) = tx.execute("select count(*) from pg_constraint where contype = 'f'").fetchone() or (0,)
    assert keys > 10
    assert not found, "\n".join(map(str, found))
