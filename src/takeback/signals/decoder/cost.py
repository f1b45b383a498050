"""Estimate of what a file will cost, from its header: seconds of processor time, before a pixel is decoded.

`python -m takeback_dev.bench.files` measures the table: the dearest content of each kind, hashing included.
The estimate only decides which lane reads a file (`lanes`): too high makes a file late, too low is charged
to the lane afterwards. The confined child reads the header, so no second parser can disagree with it.
"""

from PIL import Image

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.parts.frames import MOST_FRAMES

NS_PER_PIXEL = {"JPEG": 8, "MPO": 8, "GIF": 40, "BMP": 40, "TIFF": 50, "AVIF": 50, "HEIF": 50, "WEBP": 60}
"""By format, at most one byte a channel; what is not here costs `NS_OTHERS`."""
NS_OTHERS = 60
NS_BY_MODE = {"1": 65, "F": 80, "I": 80, "LAB": 90, "CMYK": 60}
"""Kinds of pixels that cost more, in any format; the larger number counts."""
NS_IN_FULL = 60
"""A JPEG that is read at full size: exactly, or of another kind than the usual."""
NS_SCAN = 12
"""For each scan of a JPEG beyond those of a usual progressive one."""
NS_FRAME = 60
"""Each further frame or page, and what lies before it."""
NS_CLIP = 6
"""Each pixel of each frame of a clip."""
NS_MOMENT = 30
"""The same of each second, which is hashed."""
NS_BYTE = 20
BYTES_PER_PIXEL = 8
"""Of memory, at full size."""
FAST_BYTES = 256 << 20
"""A picture that needs more memory is for the slow lane, however quickly it would be read."""
_USUAL_SCANS = 12
_DEAREST_VIEWS = 64_000_000
"""Pixels: `picture.VIEW_PIXELS`, which bounds all further views together."""


def of_picture(image: Image.Image, data: bytes, *, exact: bool = False) -> float:
    """Return the seconds that an opened, not yet loaded picture costs; infinite: more memory than a fast
    child has.
    """
    pixels = image.size[0] * image.size[1]
    small = image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L") and not exact
    if not small and pixels * BYTES_PER_PIXEL > FAST_BYTES:
        return float("inf")
    each = max(NS_PER_PIXEL.get(image.format or "", NS_OTHERS), NS_BY_MODE.get(image.mode, 0))
    if image.format in ("JPEG", "MPO"):
        each = max(each, 0 if small else NS_IN_FULL)
        each += NS_SCAN * max(0, data.count(b"\xff\xda") - _USUAL_SCANS)
    once = pixels * (each + each * exact)
    if image.has_transparency_data:
        once += pixels * NS_OTHERS
    further = min(_DEAREST_VIEWS, _further(image))
    return (once + further * NS_FRAME + len(data) * NS_BYTE) / 1e9


def _further(image: Image.Image) -> int:
    if image.format != "TIFF":
        count = getattr(image, "n_frames", 1) - 1
        return min(count, MOST_FRAMES) * image.size[0] * image.size[1]
    at, pixels = image.tell(), 0
    for number in range(1, MOST_FRAMES + 1):
        try:
            image.seek(number)
        except EOFError:
            break
        pixels += image.size[0] * image.size[1]
    image.seek(at)
    return pixels


def of_clip(packets: int, width: int, height: int, duration_ms: int) -> float:
    """Return the seconds that a clip costs, from a walk through its container."""
    moments = min(packets, duration_ms // 1000 + MOST_FRAMES)
    return width * height * (packets * NS_CLIP + moments * NS_MOMENT) / 1e9


def check(seconds: float, most_ms: int) -> None:
    """Refuse a file that costs more than `most_ms`, unless that is 0. Raises Unreadable: TOO_SLOW."""
    if most_ms and seconds * 1000 > most_ms:
        raise Unreadable(
            WhyUnreadable.TOO_SLOW, f"about {seconds:.1f} s by its header, {most_ms} ms are left"
        )
