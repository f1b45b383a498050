"""How watching goes, for whoever keeps the service running: in numbers, and in words.

Read from the database alone, so that it is also true when every watcher is dead. Every age is by the
database's clock and is told as it is: one below nothing means that this clock was set back.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from takeback.connectors.api import Trouble, TroubleKind
from takeback.infra.db.pool import Tx
from takeback.sightings import set_aside

UNWATCHED_AFTER = 60.0
"""Seconds without an answer after which a stream without an end counts as not watched."""
SET_BACK = -5.0
"""An age below this many seconds: the database's clock was set back since."""
LONG_WAIT = 600.0
"""Seconds: a longer wait that a platform asked for is told."""
EXAMINED_FOR = 300.0
"""Seconds: what a connector said longer ago is not told any more; then nobody watches, which is told."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream without an end."""

    connector: str
    name: str
    age: float
    """Seconds since the platform last answered; below 0 if that was in the future."""
    waits: float
    """Seconds until it may be asked again; 0: now."""
    failures: int
    trouble: str
    """Why its last turn failed; empty: it did not."""


@dataclass(frozen=True, slots=True)
class Endings:
    """The streams of one platform that have an end, such as histories."""

    waiting: int
    """Not read to their end yet."""
    failing: int
    """Of these, those whose last turn failed."""


def streams(tx: Tx) -> list[Stream]:
    """All streams without an end that were not finished, by platform and name."""
    rows = tx.execute(
        """
        select connector, name,
            extract(epoch from clock_timestamp() - greatest(moved_at, asked_at))::float8,
            greatest(extract(epoch from not_before - clock_timestamp()), 0)::float8,
            failures, coalesce(trouble, '')
        from sightings_stream where not done and not ending order by 1, 2
        """
    )
    return [Stream(*row) for row in rows]


def endings(tx: Tx) -> dict[str, Endings]:
    """The others, by platform."""
    rows = tx.execute(
        "select connector, count(*), count(*) filter (where failures > 0)"
        " from sightings_stream where not done and ending group by 1 order by 1"
    )
    return {connector: Endings(*counted) for connector, *counted in rows}


def examined(tx: Tx, connector: str, troubles: Sequence[Trouble]) -> None:
    """Keep what a connector said of itself, in place of what it said before."""
    said = json.dumps([[each.kind.value, each.words, each.serious] for each in troubles])
    tx.execute(
        "insert into sightings_platform (connector, troubles, examined_at) values (%s, %s, clock_timestamp())"
        " on conflict (connector)"
        " do update set troubles = excluded.troubles, examined_at = excluded.examined_at",
        [connector, said],
    )


def _said(tx: Tx) -> list[tuple[str, Trouble]]:
    rows = tx.execute(
        "select connector, troubles from sightings_platform"
        " where examined_at > clock_timestamp() - make_interval(secs => %s) order by 1",
        [EXAMINED_FOR],
    )
    return [
        (connector, Trouble(TroubleKind(kind), words, serious))
        for connector, said in rows
        for kind, words, serious in json.loads(said)
    ]


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence or two about a platform."""

    connector: str
    words: str
    serious: bool


def troubles(tx: Tx, connected: Collection[str]) -> list[Statement]:
    """Everything that keeps platforms from being watched, worst first. Empty: all is well.

    Args:
        tx: the transaction.
        connected: the platforms that the settings name.
    """
    known = streams(tx)
    found = [told for each in known for told in _of_stream(each)]
    found += [
        Statement(name, f"Nothing of {name} was ever watched. Does a watcher run?", serious=True)
        for name in sorted(set(connected) - {each.connector for each in known})
    ]
    found += [Statement(connector, each.words, each.serious) for connector, each in _said(tx)]
    found += [
        Statement(
            connector,
            f"The past of {each.failing:,} place{'s' if each.failing != 1 else ''} on {connector} cannot "
            "be read now. It is tried again.",
            serious=False,
        )
        for connector, each in endings(tx).items()
        if each.failing
    ]
    found += [
        Statement(
            connector,
            f"{count:,} {'post' if count == 1 else 'posts'} of {connector} could not be processed. They are "
            "kept and tried again; until then they are compared with nothing.",
            serious=True,
        )
        for connector, count in set_aside.counts(tx).items()
    ]
    return sorted(found, key=lambda each: not each.serious)


def _of_stream(stream: Stream) -> list[Statement]:
    name = f"{stream.connector} ({stream.name})"
    if stream.age < SET_BACK:
        words = (
            f"{name} was last watched {length(-stream.age)} in the future. The database's clock was set back."
        )
        return [Statement(stream.connector, words, serious=True)]
    if stream.waits > LONG_WAIT:
        words = f"{name} is not watched for {length(stream.waits)} more. {stream.trouble}"
        return [Statement(stream.connector, words, serious=True)]
    if stream.age > UNWATCHED_AFTER:
        why = stream.trouble or "Does a watcher run?"
        return [
            Statement(
                stream.connector, f"{name} was last watched {length(stream.age)} ago. {why}", serious=True
            )
        ]
    return []


def length(seconds: float) -> str:
    """Such as "55 minutes"."""
    for unit, of in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * of:
            return f"{seconds / of:.0f} {unit}s"
    return f"{seconds:.0f} seconds"


def asked_to_wait(asked: float, obeyed: timedelta) -> str:
    """What a platform's wait is told as."""
    words = f"The platform asked us to wait for {length(asked)}."
    if asked > obeyed.total_seconds():
        words += f" That is not believed for ever: it is asked again in {length(obeyed.total_seconds())}."
    return words
