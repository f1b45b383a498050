"""Record what happened: the one way in which an event comes into the world.

The event, its ledger entry, what opens the entry's commitment and, if something follows, its job are written
in the caller's transaction, beside the state that the event speaks of: a crash leaves all of it or nothing.
The sequencer gives the entry its place in the tree afterwards, so two writers never wait for each other here.
"""

import secrets
from datetime import UTC, datetime

from takeback.events import FOLLOWED, Event
from takeback.events.form import body_of, kind_of
from takeback.ids import EventId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger import store
from takeback.jobs import HandleEvent, after
from takeback_verify.core.leaf import SALT_BYTES, Opening, format_leaf, seal


def record(tx: Tx, event: Event, *, at: datetime | None = None) -> EventId:
    """Record an event, all or nothing with the caller's transaction.

    Args:
        tx: the transaction that also writes the state that the event speaks of.
        event: what happened.
        at: when it happened, with a time zone; default: now.

    Returns:
        The event's number. Numbers grow, but a lower one may become visible later.

    Raises:
        ValueError: the time has no time zone.
        Malformed: the event has no canonical form (see takeback_verify.core.leaf); the transaction must not
        commit.
    """
    happened = at or clock.now()
    if happened.tzinfo is None:
        raise ValueError("an event's time needs a time zone")
    happened = happened.astimezone(UTC)
    kind, body = kind_of(event), body_of(event)
    event_id = store.insert_event(tx, kind, body, happened)
    salt = secrets.token_bytes(SALT_BYTES)
    leaf = format_leaf(seal(salt, Opening(event_id, happened, kind, body)))
    store.insert_entry(tx, event_id, leaf, salt)
    if isinstance(event, FOLLOWED):
        enqueue(tx, HandleEvent(event_id), priority=after(event))
    return event_id


def record_once(tx: Tx, event: Event) -> None:
    """Record an event that can happen only once, unless it is recorded: for work that may be run again.

    Two that do so at the same time must exclude each other by a lock of their own.
    """
    if not store.is_recorded(tx, kind_of(event), body_of(event)):
        record(tx, event)
