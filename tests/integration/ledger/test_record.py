def test_x(database):
    with database.transaction() as tx:
        print(tx.execute("select version()").fetchone())
