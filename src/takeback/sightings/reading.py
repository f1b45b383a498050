"""Read one public picture: fetch it, turn it into signals, drop it."""

from takeback.connectors.api import Connector
from takeback.errors import Gone, PlatformError, Unavailable, Unreadable, WhyUnreadable
from takeback.sightings.model import Later, Reading
from takeback.signals.sandbox import Decoder


def read(
    connector: Connector,
    decoder: Decoder,
    media: str,
    max_bytes: int,
    *,
    flips: bool = False,
    exact: bool = False,
) -> Reading:
    """What comes of reading one picture, or clip. Never raises for what a platform or a picture does.

    Args:
        connector: the platform that has it.
        decoder: turns it into signals.
        media: its address there.
        max_bytes: a longer file is not read.
        flips: hash it in all eight ways, as a bank entry needs it.
        exact: from the full size, so that nothing is in doubt.
    """
    try:
        return decoder.read(connector.fetch(media, max_bytes), flips=flips, exact=exact)
    except Unreadable as fault:
        return fault.why
    except Gone:
        return WhyUnreadable.GONE
    except PlatformError as fault:
        return Later(str(fault), fault.retry_after if isinstance(fault, Unavailable) else None)
