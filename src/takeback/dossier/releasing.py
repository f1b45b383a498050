"""A reviewer lets the person concerned be told which accounts posted the copies of her case.

Only after a decision in her favour took effect, once for a case, with a reason that is kept for ever. What
she asks for afterwards names the accounts; packages that were made before stay as they are.
"""

from datetime import datetime

from takeback.cases import store as case_store
from takeback.cases.model import CaseStatus
from takeback.dossier import store
from takeback.errors import NotFound, Refused
from takeback.events import PosterReleased
from takeback.ids import CaseId, StaffId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger.record import record

IN_HER_FAVOUR = frozenset({CaseStatus.REMOVING, CaseStatus.REMOVED})
"""Where a decision that it was shared without consent has taken effect."""


def release(tx: Tx, case: CaseId, *, by: StaffId, reason: str, now: datetime) -> None:
    """Let packages by receipt name the posters of a case; that is an event.

    Args:
        tx: the transaction.
        case: whose.
        by: the reviewer.
        reason: why; a small word, it is kept in an event for ever.
        now: when.

    Raises:
        NotFound: there is no such case.
        Refused: no decision in her favour has taken effect, or it is released already.
    """
    found = case_store.get(tx, case, lock=True)
    if found is None:
        raise NotFound("There is no such case.")
    if found.status not in IN_HER_FAVOUR:
        raise Refused("The accounts can be told only after a decision in her favour has taken effect.")
    if store.is_released(tx, case):
        raise Refused("The accounts of this case can be told already.")
    store.insert_release(tx, case, record(tx, PosterReleased(case, by, reason), at=now), now)


def is_released(tx: Tx, case: CaseId) -> bool:
    """Return whether packages by receipt name the posters of a case."""
    return store.is_released(tx, case)


def can_release(status: CaseStatus) -> bool:
    """Return whether a case stands so that a reviewer may."""
    return status in IN_HER_FAVOUR
