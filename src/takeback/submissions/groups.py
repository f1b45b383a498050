"""Which groups a report can come with, and the form of a group's label. Pure; `arrivals` makes labels."""

from enum import IntEnum

LABEL_BYTES = 16


class Group(IntEnum):
    """Which kind of group a label is of; its first byte."""

    NETWORK = 0
    WIDER = 1
    WIDEST = 2
    ONION = 3


def kind_of(label: bytes) -> Group:
    """Return which kind of group a label is of. Raises ValueError for what is no label."""
    if len(label) != LABEL_BYTES:
        raise ValueError("not a label")
    return Group(label[0])
