"""When reports are held together. Pure.

A report is anybody's word, and a program can send thousands. So reports are counted by the groups that they
came with: three networks, each wider than the one before, or the onion address; and all together. A group
that brings more within ten minutes than it may is a flood. The narrowest group that does so counts: whoever
shares only a wide network with it is not held.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from takeback.events import FloodKind
from takeback.submissions.groups import Group, kind_of

WINDOW = timedelta(minutes=10)
"""What the reports of a group are counted over."""
TIMES: Mapping[Group, int] = {Group.NETWORK: 1, Group.WIDER: 2, Group.WIDEST: 4, Group.ONION: 4}
"""How many times as many reports as the setting says may come from a group."""
TOGETHER = 10
"""The same for all that is not held and did not come by a link."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many reports came within the window, this one included."""

    of_group: Mapping[bytes, int]
    """By label, from the narrowest group to the widest."""
    together: int
    """All that are not held."""


def over(counted: Counted, most: int) -> bytes | None:
    """Return the label of the group that is over its bound; None if none is.

    Args:
        counted: what came.
        most: reports that a narrow network may send, from the settings.
    """
    for label, number in counted.of_group.items():
        if number > most * TIMES[kind_of(label)]:
            return label
    return None


def too_many(counted: Counted, most: int) -> bool:
    """Return whether more came in all than may, whoever sent it."""
    return counted.together > most * TOGETHER


def kind_of_flood(label: bytes) -> FloodKind:
    """Return what the reports of a group have in common."""
    return FloodKind.ONION if kind_of(label) is Group.ONION else FloodKind.NETWORK
