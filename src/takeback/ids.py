"""Names of things, as types, so that one kind of id is never passed for another.

Ids that people or other programs meet are random UUIDs; a sighting's id is a counter, because a row is
written for every picture that passes by and thousands pass each second.
"""

from typing import NewType
from uuid import UUID

ReportId = NewType("ReportId", UUID)
CaseId = NewType("CaseId", UUID)
EntryId = NewType("EntryId", UUID)
TargetId = NewType("TargetId", UUID)
CaptureId = NewType("CaptureId", UUID)
DossierId = NewType("DossierId", UUID)
RequestId = NewType("RequestId", UUID)
StaffId = NewType("StaffId", UUID)
SightingId = NewType("SightingId", int)
EventId = NewType("EventId", int)
FloodId = NewType("FloodId", UUID)
"""Reports that are held together."""
LinkId = NewType("LinkId", UUID)
"""A link by which many reports can be handed in."""
