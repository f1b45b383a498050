"""Readings of posts so that they can be compared: the fast way, and exactly where that could matter.

Nearly every picture that passes is near nothing in the bank, and for those the fast hash is as good as any.
One within the radius and its doubt is read again exactly before it is committed. A bank entry that comes in
the moment between is met in the transaction (`service`), with the same rule.
"""

from takeback.bank.index import BankIndex
from takeback.connectors.api import Connector
from takeback.matching.comparison import ask_index
from takeback.sightings.model import Reading
from takeback.sightings.reading import read
from takeback.signals.lanes import When
from takeback.signals.model import PictureSignals
from takeback.signals.relation import needs_exact, shown_by
from takeback.signals.sandbox import Decoder


def is_near(index: BankIndex, signals: PictureSignals) -> bool:
    """Return whether a reading is in doubt, and near enough to the bank for that to matter."""
    shown = shown_by(signals)
    if not shown.doubt:
        return False
    near = ask_index(index, {0: shown})[0]
    return needs_exact(shown, (touch for each in near.touches.values() for touch in each))


def read_closely(
    connector: Connector,
    decoder: Decoder,
    index: BankIndex,
    media: str,
    max_bytes: int,
    when: When = When.NOW,
) -> Reading:
    """Fetch and read one file of a post. Never raises for what a platform or a file does."""
    return read(connector, decoder, media, max_bytes, when=when, closer=lambda seen: is_near(index, seen))
