"""One session of looks: at the control, at the copy, and at the control again.

The order is the proof. What the platform answered of the copy lies between two answers of the same kind about
a picture that is there; a fault that hides both shows in at least one of them, unless it comes and goes again
within the moments in between, on the copy's question alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from takeback.connectors.api import Connector, Look, Target
from takeback.errors import PlatformError, Unavailable
from takeback.ground import clock
from takeback.takedown.model import ControlRow, LookRow, When


@dataclass(frozen=True, slots=True)
class Session:
    """What was seen."""

    looks: tuple[LookRow, ...]
    control: tuple[ControlRow, ...]
    no_control: str
    """Why there was no control to look at; empty if there was."""
    retry_after: float | None
    """Seconds that the platform asked us to wait when it did not give a control."""


def look_beside_control(connector: Connector, target: Target, round_: int) -> Session:
    """Look at a copy between two looks at the control.

    Where there is no control the copy is looked at all the same: it may be there, which needs no proof.
    """
    why, retry_after = "", None
    try:
        control = connector.control()
        why = "" if control else "the platform has no control to look at beside it"
    except PlatformError as error:
        control, why = None, f"the control is not to be had: {error}"
        retry_after = error.retry_after if isinstance(error, Unavailable) else None
    before = _control(connector, control, round_, When.BEFORE)
    now = clock.now()
    looks = connector.verify(target)
    after = _control(connector, control, round_, When.AFTER)
    return Session(
        tuple(LookRow(round_, look.surface, look.vantage, look.state, look.seen, now) for look in looks),
        before + after,
        why,
        retry_after,
    )


def _control(connector: Connector, control: Target | None, round_: int, when: When) -> tuple[ControlRow, ...]:
    looks: Sequence[Look] = () if control is None else connector.verify(control)
    return tuple(
        ControlRow(round_, when, look.surface, look.vantage, look.state, look.seen) for look in looks
    )
