"""What people can see and nobody compares: counted, with a list behind each number.

Two sources. A connector tells of places and addresses (`Batch.unseen`); they are written in the transaction
of their batch. Files that could not be read are sightings already, and are counted where they are. What is
mended leaves the counts: a place that a later survey does not name, a file that was read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from takeback.connectors.api import Batch, Survey, UnseenKind
from takeback.infra.db.pool import Database, Tx
from takeback.sightings import unseen_store as store

MOST = store.MOST
PAGE = 50
_LONGEST_WHY = 200
_MOST_OF_A_MESSAGE = 20
"""One crafted message must not fill the table."""
_FORGET_AT_ONCE = 10_000


class What(StrEnum):
    """What is not compared; the values stand in the page's addresses."""

    SHUT_OUT = "shut_out"
    NOT_LISTED = "not_listed"
    UNREADABLE = "unreadable"
    PARTLY_READ = "partly_read"
    """Files that show more frames, pages or members than are looked at."""
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Number:
    """How many."""

    at_least: int
    """All of them, unless there are more than are counted."""
    more: bool = False
    """There are more."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """When all places of a platform were last looked at, and the numbers."""

    at: datetime
    survey: Survey


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list."""

    id: int
    place: str
    message: str
    """Empty for a whole place, or for what stands in its state."""
    why: str
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of one kind."""

    total: Number
    reasons: tuple[tuple[str, Number], ...]
    """For each reason, most first; of very many reasons, some."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything that is not compared, in numbers."""

    tallies: Mapping[tuple[str, What], Tally]
    """By platform and kind; what is not there is none."""
    surveys: Mapping[str, Surveyed]


def keep(tx: Tx, connector: str, batch: Batch, now: datetime) -> None:
    """Write down what a batch could not see, and take out what its survey no longer names.

    Belongs into the transaction that commits the batch. Twice is as once.
    """
    places, addresses = dict[str, store.Statement](), dict[tuple[str, str, str], store.Statement]()
    of_message = dict[tuple[str, str], int]()
    for each in batch.unseen:
        told = store.Statement(connector, each.kind.value, each.place, each.message, _words(each.why), now)
        if each.kind is not UnseenKind.ADDRESS:
            places[each.place] = told
            continue
        where = each.place, each.message
        if (*where, told.why) not in addresses:
            of_message[where] = of_message.get(where, 0) + 1
        if of_message[where] <= _MOST_OF_A_MESSAGE:
            addresses[*where, told.why] = told
    store.put_places(tx, list(places.values()))
    store.put_addresses(tx, list(addresses.values()))
    if batch.survey is not None:
        store.forget_places(tx, connector, list(places))
        store.put_survey(tx, connector, batch.survey, now)


def forget(database: Database, keep_days: int, now: datetime) -> None:
    """Delete what was last seen longer ago than sightings are kept."""
    while True:
        with database.transaction() as tx:
            if store.forget(tx, now - timedelta(days=keep_days), _FORGET_AT_ONCE) < _FORGET_AT_ONCE:
                return


def counts(tx: Tx) -> Counts:
    """All numbers; each counted up to `MOST`."""
    tallies = {
        (connector, What(kind)): tally(tx, connector, What(kind)) for connector, kind in store.sources(tx)
    }
    surveys = {connector: Surveyed(at, survey) for connector, (at, survey) in store.surveys(tx).items()}
    return Counts(tallies, surveys)


def tally(tx: Tx, connector: str, what: What) -> Tally:
    """The numbers of one platform and kind."""
    reasons = sorted(store.reasons(tx, connector, what.value), key=lambda each: (-each[1], each[0]))
    total = store.total(tx, connector, what.value)
    return Tally(_number(total), tuple((why, _number(many)) for why, many in reasons))


def newly_shut_out(tx: Tx, since: datetime) -> Number:
    """How many places shut us out since then, and still do."""
    return _number(store.new_places(tx, UnseenKind.SHUT_OUT.value, since))


def _words(why: str) -> str:
    return why.replace("\0", "")[:_LONGEST_WHY]


def _number(many: int) -> Number:
    return Number(min(many, MOST), many > MOST)


def listed(
    tx: Tx, connector: str, what: What, why: str | None, before: int | None
) -> tuple[Sequence[Listed], int | None]:
    """One page of a list, latest found first.

    Args:
        tx: the transaction.
        connector: the platform.
        what: which list.
        why: only this reason; None: all.
        before: from the line after this one; None: from the first.

    Returns:
        At most `PAGE` lines, and the id to go on from; None: that was all.
    """
    rows = store.page(tx, connector, what.value, why, before, PAGE + 1)
    lines = [Listed(*row) for row in rows[:PAGE]]
    return lines, lines[-1].id if len(rows) > PAGE else None
