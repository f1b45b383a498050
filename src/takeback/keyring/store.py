"""The SQL of the keyring."""

from takeback.infra.db.pool import Tx


def hold(tx: Tx) -> dict[str, str | None]:
    """Return the note of each key, by name, and keep others from noting until the transaction ends."""
    tx.execute("lock table keyring_key in share row exclusive mode")
    return noted(tx)


def noted(tx: Tx) -> dict[str, str | None]:
    """Return the note of each key, by name; None: it is in use, and nothing is noted of it yet."""
    return dict(tx.execute("select name, public from keyring_key").fetchall())


def note(tx: Tx, name: str, public: str) -> None:
    """Note that a key belongs to this database, in place of what was noted of that name."""
    tx.execute(
        """
        insert into keyring_key (name, public) values (%s, %s)
        on conflict (name) do update set public = excluded.public, noted_at = now()
        """,
        (name, public),
    )


def forget(tx: Tx, name: str) -> bool:
    """Have a key of that name made anew at the next start. Whether one was noted."""
    return tx.execute("delete from keyring_key where name = %s", (name,)).rowcount > 0
