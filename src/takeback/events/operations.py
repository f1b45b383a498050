"""The service itself needs a person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobGaveUp:
    """Background work failed at every try; a person must look."""

    job: str
    subject: str
    reason: str
