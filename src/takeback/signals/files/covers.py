"""The cover of a piece of music, as players show it beside the sound; for the study child only.

FFmpeg finds it in ID3 (MP3), FLAC, Ogg and MP4 tags. Its bytes are read like any other picture; no sound is
decoded.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import islice

import av
from av.stream import Disposition

from takeback.signals.parts.budget import Budget
from takeback.signals.parts.decode import said_as_unreadable

MOST_COVERS = 4
_FORMATS = {b"fLaC": "flac", b"OggS": "ogg", b"ID3": "mp3"}
_CODECS = "mjpeg,png,bmp,gif,webp"


def covers(data: bytes, budget: Budget) -> Iterator[tuple[int, bytes]]:
    """Yield the covers: their number, from 1, and their bytes. Raises Unreadable: the container cannot be
    opened.
    """
    form = next((form for start, form in _FORMATS.items() if data.startswith(start)), "mov")
    options = {"codec_whitelist": _CODECS, "protocol_whitelist": "none"}
    found: dict[int, bytes] = {}
    with (
        said_as_unreadable(),
        av.open(BytesIO(data), "r", format=form, options=options, metadata_errors="replace") as container,
    ):
        streams = [one for one in container.streams.video if one.disposition & Disposition.attached_pic]
        budget.leave_out(len(streams) - MOST_COVERS)
        # Covers come before any sound.
        for packet in islice(container.demux(streams[:MOST_COVERS]) if streams else (), MOST_COVERS):
            found.setdefault(packet.stream_index, bytes(packet))
    yield from enumerate((found[index] for index in sorted(found) if found[index]), 1)
