"""Read one public picture: fetch it, turn it into signals, drop it."""

from collections.abc import Callable
from contextlib import suppress

from takeback.connectors.api import Connector
from takeback.errors import Deferred, Gone, PlatformError, Unavailable, Unreadable, WhyUnreadable
from takeback.sightings.model import Later, Reading
from takeback.signals.lanes import When
from takeback.signals.model import PictureSignals
from takeback.signals.sandbox import Decoder

SLOW = Later("slow", slow=True)
_MAY_PASS = (WhyUnreadable.TOO_SLOW, WhyUnreadable.TOO_MUCH_MEMORY, WhyUnreadable.DECODER_DIED)
"""What a file is only if it is so alone in the slow lane."""


def read(
    connector: Connector,
    decoder: Decoder,
    media: str,
    max_bytes: int,
    *,
    flips: bool = False,
    exact: bool = False,
    when: When = When.NOW,
    final: bool = False,
    closer: Callable[[PictureSignals], bool] = lambda _: False,
) -> Reading:
    """Fetch and read one picture or clip. Never raises for what a platform or a picture does.

    Args:
        connector: the platform that has it.
        decoder: turns it into signals.
        media: its address there.
        max_bytes: a longer file is not read.
        flips: hash it in all eight ways, as a bank entry needs it.
        exact: from the full size, so that nothing is in doubt.
        when: whether to wait for the slow lane; else a file that is for it is `SLOW`.
        final: this is the slow lane; else a file that took too much is `SLOW`, too.
        closer: says of a picture to read it again exactly; where that fails, the first reading counts.
    """
    try:
        data = connector.fetch(media, max_bytes)
        seen = decoder.read(data, flips=flips, exact=exact, when=when)
        if isinstance(seen, PictureSignals) and closer(seen):
            with suppress(Unreadable, Deferred):
                return decoder.read(data, exact=True, when=when)
    except Unreadable as fault:
        return SLOW if fault.why in _MAY_PASS and not final else fault.why
    except Deferred:
        return SLOW
    except Gone:
        return WhyUnreadable.GONE
    except PlatformError as fault:
        return Later(str(fault), fault.retry_after if isinstance(fault, Unavailable) else None)
    return seen
