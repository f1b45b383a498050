"""Working copies: what a reviewer may take out of a picture that its platform no longer has.

Nobody here can open it: it is sealed to the reviewers' key, which is on their own computers.
`takeback review` opens it there, grey and blurred as the tiles are. That somebody took it out is recorded
first.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import StreamingResponse

from takeback.cases import service as cases
from takeback.cases.model import Copy, LookReason
from takeback.entrypoints.console.desk import AtDesk, Desk, Posting
from takeback.errors import NotFound, Refused, StorageUnavailable
from takeback.evidence import service as evidence
from takeback.ids import CaseId, SightingId
from takeback.infra import clock
from takeback.infra.blobs import Blobs
from takeback.infra.http.downloads import download
from takeback.infra.vault.copies import copy_of, living

log = logging.getLogger(__name__)

router = APIRouter(prefix="/case/{case}/copy/{sighting}")

_PIECE = 1 << 20
"""Bytes that are read at a time."""


def to_offer(
    desk: Desk, case: CaseId, copies: Sequence[Copy], now: datetime
) -> Mapping[SightingId, datetime]:
    """Return the end of each working copy that cannot be fetched from its platform any more.

    The platform is not asked now: either the message was seen to be deleted, or its tile found no picture.
    """
    sealer = desk.app.sealer
    if sealer is None:
        return {}
    with desk.app.database.transaction() as tx:
        if cases.nobody_looks(tx, case):
            return {}
        held = evidence.held_of(tx, [copy.sighting for copy in copies])
    missing = {copy.sighting for copy in copies if desk.previews.is_gone(copy, now)}
    gone = [each for each in held if each.deleted or each.sighting in missing]
    if not gone:
        return {}
    try:
        until = living(sealer.blobs, now=now)
    except StorageUnavailable as fault:
        log.warning("it cannot be seen now which working copies there are: %s", fault)
        return {}
    return {each.sighting: until[each.capture] for each in gone if each.capture in until}


@router.post("/working-copy")
def take_out(
    desk: AtDesk, visit: Posting, case: CaseId, sighting: SightingId, reason: Annotated[LookReason, Form()]
) -> StreamingResponse:
    """Hand a working copy out, sealed as it lies here; that is recorded first."""
    sealer = desk.app.sealer
    if sealer is None:
        raise NotFound("No evidence is kept here.")
    with desk.app.database.transaction() as tx:
        if cases.nobody_looks(tx, case):
            raise Refused(cases.NOBODY_LOOKS)
        mine = [copy.sighting for copy in cases.copies(tx, case) if copy.sighting == sighting]
        held = evidence.held_of(tx, mine)
    if not held:
        raise NotFound("There is no working copy of this.")
    capture = held[0].capture
    blob = copy_of(sealer.blobs, capture, now=clock.now())
    size = sealer.blobs.size(blob)
    with desk.app.database.transaction() as tx:
        evidence.hand_copy(tx, case, capture, staff=visit.member.id, reason=reason.value)
    pieces = _pieces(sealer.blobs, blob, size)
    return download(pieces, f"{capture}.age", size, "application/octet-stream")


def _pieces(blobs: Blobs, blob: str, size: int) -> Iterator[bytes]:
    for start in range(0, size, _PIECE):
        yield blobs.get_range(blob, start, min(_PIECE, size - start))
