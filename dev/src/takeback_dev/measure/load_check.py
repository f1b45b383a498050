"""What was written during a load run, against what must be there: every post, every planted match, once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from takeback.ids import EntryId
from takeback.infra.db.pool import Tx
from takeback_dev.measure.made import NAME, Phase, Plan


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds from a post to its committed match."""

    matches: int
    p50: float
    p99: float
    longest: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was written."""

    posts: int
    lost: int
    """Posts or planted matches that should be there and are not."""
    doubled: int
    """Posts or matches too many."""
    unread: int
    """Posts whose picture was not read."""
    before: Times
    """Of posts that came before the kill."""
    after: Times


def all_read(tx: Tx, phase: Phase) -> bool:
    """Whether every stream of a phase was read to its end."""
    row = tx.execute(
        "select count(*) from sightings_stream where connector = %s and done and name like %s",
        [NAME, f"{phase.name}:%"],
    ).fetchone()
    return row is not None and row[0] == phase.streams


def posts_read(tx: Tx, phase: Phase) -> int:
    """How many posts of a phase were read."""
    row = tx.execute(
        "select coalesce(sum(cursor::bigint), 0)::bigint from sightings_stream"
        " where connector = %s and name like %s",
        [NAME, f"{phase.name}:%"],
    ).fetchone()
    return 0 if row is None else row[0]


def check(tx: Tx, plan: Plan, planted: Sequence[EntryId], phase: Phase, killed_at: float) -> Found:
    """Compare; the times are of the posts of `phase`."""
    streams = tx.execute(
        "select name, coalesce(cursor, '0')::bigint from sightings_stream where connector = %s", [NAME]
    ).fetchall()
    due = {(name, number) for name, end in streams for number in range(end)}
    rows = tx.execute(
        "select place, message::bigint, state from sightings_post where connector = %s", [NAME]
    ).fetchall()
    posts = {(place, number) for place, number, _ in rows}
    must = {
        (name, number, planted[picture])
        for name, number in due
        for is_planted, picture in [plan.picture(name, number)]
        if is_planted
    }
    written = tx.execute(
        "select p.place, p.message::bigint, m.entry_id, extract(epoch from p.posted_at)::float8,"
        " extract(epoch from pg_xact_commit_timestamp(m.xmin) - p.posted_at)::float8"
        " from matching_match m join sightings_post p on p.id = m.sighting_id where p.connector = %s",
        [NAME],
    ).fetchall()
    matches = {(place, number, entry) for place, number, entry, _, _ in written}
    timed = [
        (at, took)
        for place, _, _, at, took in written
        if place.startswith(f"{phase.name}:") and took is not None
    ]
    return Found(
        posts=len(posts),
        lost=len(due - posts) + len(must - matches),
        doubled=len(posts - due) + len(rows) - len(posts) + len(matches - must) + len(written) - len(matches),
        unread=sum(state != "read" for _, _, state in rows),
        before=_times([took for at, took in timed if at < killed_at]),
        after=_times([took for at, took in timed if at >= killed_at]),
    )


def _times(seconds: Sequence[float]) -> Times:
    if not seconds:
        return Times(0, 0.0, 0.0, 0.0)
    p50, p99 = np.percentile(seconds, (50, 99))
    return Times(len(seconds), float(p50), float(p99), float(max(seconds)))
