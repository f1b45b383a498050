"""Results of a walk through a file: pictures that are decoded when they are asked for, and clips."""

from collections.abc import Callable
from dataclasses import dataclass

from takeback.signals.pdq.reference import Pixels


@dataclass(frozen=True, slots=True)
class Still:
    """One picture that a viewer can be shown."""

    name: str
    """Of the view (`names`)."""
    load: Callable[[], Pixels]
    """Decode it, upright: [height, width, 3]. Raises Unreadable."""
    apart: int = 2
    """Bits by which it must differ from all views before it to be kept."""


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip that a viewer can be shown."""

    name: str
    """Of what it lies in; its moments are `name/clip:MILLISECONDS`."""
    data: bytes
    """The clip's own bytes."""
