"""Packages that hold what may not be kept any more are destroyed, also those that staff had written.

A zip holds the sealed parts with their key, so a picture that was destroyed would live on in it. Copies that
were taken out are out of reach; the log says who took them.
"""

from datetime import datetime

from takeback.app import App
from takeback.dossier import service, store
from takeback.ids import CaseId


def destroy_packages(app: App, case: CaseId, until: datetime) -> None:
    """Delete the zips of a case's packages that were asked for up to a moment; what comes later is other.

    One that is being written at this moment is abandoned: its writer deletes the zip. May be repeated. Raises
    StorageUnavailable.
    """
    blobs = service.blobs_of(app)
    with app.database.transaction() as tx:
        packages = service.of_case(tx, case)
    for each in packages:
        if each.asked_at > until:
            continue
        with app.database.transaction() as tx:
            store.set_abandoned(tx, each.id)
            found = store.get(tx, each.id)
        if found is not None and found.blob is not None:
            blobs.delete(found.blob)
            with app.database.transaction() as tx:
                store.set_deleted(tx, each.id)
