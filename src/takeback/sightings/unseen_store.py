"""SQL of what people can see and is not compared.

Counts are bounded: nobody waits for the exact number of a million rows. Which reasons there are is found by
jumping along the index from one to the next, so that the page costs the same on a small and a large database.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import sql

from takeback.connectors.api import Survey
from takeback.infra.db.pool import Tx

MOST = 10_000
"""What is more is told as "more than 10,000"."""
FILES = "unreadable"
"""The kind of sightings that could not be read; all other kinds are those of `UnseenKind`."""
PARTLY = "partly_read"
"""The kind of sightings of which some views were left out; the reason is how many."""
_MOST_REASONS = 50


class Row(NamedTuple):
    """A place or a message, as it is stored."""

    id: int
    place: str
    message: str
    why: str
    first_seen: datetime
    last_seen: datetime


class Statement(NamedTuple):
    """A place or an address, to be stored."""

    connector: str
    kind: str
    place: str
    message: str
    why: str
    at: datetime


# --- written by the watcher --------------------------------------------------------------------------------


def put_places(tx: Tx, told: Sequence[Statement]) -> None:
    """Write down whole places; one that is known keeps its row."""
    with tx.cursor() as cursor:
        cursor.executemany(
            """
            insert into sightings_unseen (connector, kind, place, message, why, first_seen, last_seen)
            values (%s, %s, %s, %s, %s, %s, %s)
            on conflict (connector, place) where kind <> 'address'
            do update set kind = excluded.kind, why = excluded.why, last_seen = excluded.last_seen
            """,
            [(*each, each.at) for each in sorted(told)],
        )


def put_addresses(tx: Tx, told: Sequence[Statement]) -> None:
    """Write down addresses in messages, or in a place's state; one that is known keeps its row."""
    with tx.cursor() as cursor:
        cursor.executemany(
            """
            insert into sightings_unseen (connector, kind, place, message, why, first_seen, last_seen)
            values (%s, %s, %s, %s, %s, %s, %s)
            on conflict (connector, place, message, why) where kind = 'address'
            do update set last_seen = excluded.last_seen
            """,
            [(*each, each.at) for each in sorted(told)],
        )


def forget_places(tx: Tx, connector: str, but: Sequence[str]) -> None:
    """Delete whole places of a platform, except these: they are seen, or are gone."""
    tx.execute(
        "delete from sightings_unseen where connector = %s and kind <> 'address' and not place = any(%s)",
        [connector, list(but)],
    )


def put_survey(tx: Tx, connector: str, survey: Survey, now: datetime) -> None:
    """The latest survey of a platform."""
    tx.execute(
        """
        insert into sightings_survey (connector, at, listed, unlisted, watched, trouble)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (connector) do update set at = excluded.at, listed = excluded.listed,
            unlisted = excluded.unlisted, watched = excluded.watched, trouble = excluded.trouble
        """,
        [connector, now, survey.listed, survey.unlisted, survey.watched, survey.trouble],
    )


def forget(tx: Tx, before: datetime, most: int) -> int:
    """Delete what was last seen before then; how many rows."""
    deleted = tx.execute(
        "delete from sightings_unseen where id = any(array("
        "select id from sightings_unseen where last_seen < %s order by last_seen limit %s))",
        [before, most],
    )
    return deleted.rowcount


# --- read by the page --------------------------------------------------------------------------------------


def surveys(tx: Tx) -> dict[str, tuple[datetime, Survey]]:
    """The latest survey of each platform."""
    rows = tx.execute("select connector, at, listed, unlisted, watched, trouble from sightings_survey")
    return {connector: (at, Survey(*numbers)) for connector, at, *numbers in rows}


def sources(tx: Tx) -> list[tuple[str, str]]:
    """(connector, kind) of which there is anything; the kind of files that could not be read is `FILES`."""
    rows = tx.execute(
        """
        with recursive told as (
            (select connector, kind from sightings_unseen order by 1, 2 limit 1)
            union all
            select following.* from told, lateral (
                select connector, kind from sightings_unseen u
                where (u.connector, u.kind) > (told.connector, told.kind) order by 1, 2 limit 1) following),
        passed as (
            (select connector from sightings_post where state = 'unreadable' order by 1 limit 1)
            union all
            select following.* from passed, lateral (
                select connector from sightings_post p
                where state = 'unreadable' and p.connector > passed.connector order by 1 limit 1) following),
        partly as (
            (select connector from sightings_post where left_out > 0 order by 1 limit 1)
            union all
            select following.* from partly, lateral (
                select connector from sightings_post p
                where left_out > 0 and p.connector > partly.connector order by 1 limit 1) following)
        select connector, kind from told union all select connector, %s from passed
        union all select connector, %s from partly
        """,
        [FILES, PARTLY],
    )
    return rows.fetchall()


def total(tx: Tx, connector: str, kind: str) -> int:
    """How many there are; `MOST` + 1 for any larger number."""
    row = tx.execute(
        sql.SQL("select count(*) from (select {} limit %(most)s) capped").format(_source(kind)),
        {"connector": connector, "kind": kind, "most": MOST + 1},
    ).fetchone()
    return 0 if row is None else row[0]


def reasons(tx: Tx, connector: str, kind: str) -> list[tuple[str, int]]:
    """(why, how many), counted as `total` does; of very many reasons, some."""
    rows = tx.execute(
        sql.SQL(
            """
            with recursive found (said) as (
                (select {why} {source} order by {why} limit 1)
                union all
                select (select {why} {source} and {why} > found.said order by {why} limit 1)
                from found where found.said is not null)
            select said, (select count(*) from (
                select {source} and {why} = found.said limit %(most)s) capped)
            from found where said is not null limit %(reasons)s
            """
        ).format(why=_why(kind), source=_source(kind)),
        {"connector": connector, "kind": kind, "most": MOST + 1, "reasons": _MOST_REASONS},
    )
    return rows.fetchall()


def new_places(tx: Tx, kind: str, since: datetime) -> int:
    """How many whole places of a kind came since then; at most `MOST` + 1."""
    row = tx.execute(
        "select count(*) from (select from sightings_unseen"
        " where kind <> 'address' and kind = %s and first_seen >= %s limit %s) capped",
        [kind, since, MOST + 1],
    ).fetchone()
    return 0 if row is None else row[0]


def page(tx: Tx, connector: str, kind: str, why: str | None, before: int | None, size: int) -> list[Row]:
    """Lines of one platform and kind, latest found first, below the id `before`."""
    times = sql.SQL("seen_at, seen_at" if kind in {FILES, PARTLY} else "first_seen, last_seen")
    narrowed = [sql.SQL("and {} = %(why)s").format(_why(kind))] if why is not None else []
    narrowed += [sql.SQL("and id < %(before)s").format()] if before is not None else []
    rows = tx.execute(
        sql.SQL("select id, place, message, {}, {} {} {} order by id desc limit %(size)s").format(
            _why(kind), times, _source(kind), sql.SQL(" ").join(narrowed)
        ),
        {"connector": connector, "kind": kind, "why": why, "before": before, "size": size},
    )
    return [Row(*row) for row in rows]


def _source(kind: str) -> sql.SQL:
    if kind == FILES:
        return sql.SQL("from sightings_post where connector = %(connector)s and state = 'unreadable'")
    if kind == PARTLY:
        return sql.SQL("from sightings_post where connector = %(connector)s and left_out > 0")
    return sql.SQL("from sightings_unseen where connector = %(connector)s and kind = %(kind)s")


def _why(kind: str) -> sql.SQL:
    if kind == PARTLY:
        return sql.SQL("left_out::text")
    return sql.SQL("coalesce(reason, '')" if kind == FILES else "why")
