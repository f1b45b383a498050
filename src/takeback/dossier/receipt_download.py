"""A case's package for the person concerned, by her receipt: from being asked for to being deleted again.

She asks through the portal, which may do no more than put the request down (`submissions.package`). That
somebody did is an event before anything else happens. Then the package is made, without the names of accounts
that posted unless a reviewer released them (`releasing`), or one of the same kind that is under way is
joined; and it is copied into the database in pieces, because the portal reaches nothing else;
a day later they are deleted. Each step can be done again: a kill between two leaves a request that the next
try goes on with, at the piece after the last one that lies there.
"""

from datetime import datetime, timedelta

from takeback.app import App
from takeback.cases import store as case_store
from takeback.dossier import service, store
from takeback.dossier.model import BY_RECEIPT, DossierState, Request, RequestState, Written
from takeback.events import EvidenceAccessed
from takeback.ids import CaseId, RequestId
from takeback.infra import clock
from takeback.infra.db.pool import Database, Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record
from takeback.jobs import HandOut
from takeback.submissions.package import PIECE_BYTES

WAITING = store.WAITING
"""Answers something else when a package was asked for."""
KEPT = timedelta(hours=24)
"""How long a package can be taken out once it is ready."""
AT_ONCE = 100
LARGEST = 2 << 30
"""Bytes of a package that is handed out this way; a larger one is for those who run the service."""


def take_up(database: Database, now: datetime) -> int:
    """Record every access that was asked for, and begin with its package; how many there were.

    Several workers may do so at once.
    """
    count = 0
    while True:
        with database.transaction() as tx:
            asked = store.next_request(tx)
            if asked is None:
                return count
            case = case_store.of_report(tx, asked.report)
            assert case is not None  # the database takes no request before a case was decided
            _begin(tx, asked, case, now)
            enqueue(tx, HandOut(asked.id))
            count += 1


def _begin(tx: Tx, asked: Request, case: CaseId, now: datetime) -> None:
    """Join the package that is under way, or begin with one. Either way the access is recorded, once."""
    case_store.get(tx, case, lock=True)
    released = store.is_released(tx, case)
    known = store.under_way(tx, case, names_posters=released)
    if known is None:
        dossier = service.ask(tx, case, by=None, reason=BY_RECEIPT, now=now, names_posters=released)
        store.set_taken_up(tx, asked.id, dossier, own=True)
    else:
        record(tx, EvidenceAccessed(case, service.WHAT, None, BY_RECEIPT), at=now)
        store.set_taken_up(tx, asked.id, known.id, own=False)


def go_on(app: App, request: RequestId) -> bool:
    """Do what can be done now; whether there is more to do, later.

    Raises StorageUnavailable, DamagedEvidence, NotFound: the package's file is gone.
    """
    with app.database.transaction() as tx:
        asked = store.request(tx, request)
    if asked is None or asked.dossier is None or asked.state is not RequestState.ASKED:
        return False
    if service.go_on(app, asked.dossier):
        return True
    with app.database.transaction() as tx:
        package = store.get(tx, asked.dossier)
        assert package is not None  # the request names it
        if package.state is DossierState.ABANDONED or package.blob is None or package.size is None:
            store.end_request(tx, request, RequestState.FAILED)
            return False
        if package.size > LARGEST:
            store.end_request(tx, request, RequestState.TOO_LARGE)
            return False
    _copy(app, asked, Written(package.id, package.blob, package.size))
    return False


def _copy(app: App, asked: Request, written: Written) -> None:
    """Put the package's pieces down, from the first that is missing on, then say that it is ready."""
    blobs = service.blobs_of(app)
    with app.database.transaction() as tx:
        first = store.pieces(tx, asked.id)
    for number in range(first, -(-written.size // PIECE_BYTES)):
        start = number * PIECE_BYTES
        piece = blobs.get_range(written.blob, start, min(PIECE_BYTES, written.size - start))
        with app.database.transaction() as tx:
            if not store.insert_piece(tx, asked.id, number, piece):
                return
    with app.database.transaction() as tx:
        store.set_ready(tx, asked.id, written.size, clock.now() + KEPT)


def give_up(tx: Tx, request: RequestId) -> None:
    """Every try failed: whoever asked may ask again."""
    store.end_request(tx, request, RequestState.FAILED)


def withdraw(tx: Tx, case: CaseId) -> None:
    """A person said that the case is none: nothing of it is handed out."""
    found = case_store.get(tx, case)
    if found is not None:
        store.end_requests(tx, found.report)


def expire(app: App, now: datetime) -> None:
    """Delete what was handed out and is over: pieces, and the zips that were made for that alone.

    May be repeated. Raises StorageUnavailable.
    """
    with app.database.transaction() as tx:
        store.expire_requests(tx, now)
    blobs = service.blobs_of(app)
    while True:
        with app.database.transaction() as tx:
            over = store.packages_over(tx, AT_ONCE)
        for dossier, blob in over:
            blobs.delete(blob)
            with app.database.transaction() as tx:
                store.set_deleted(tx, dossier)
        if len(over) < AT_ONCE:
            return
