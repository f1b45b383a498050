"""The eight ways to lay pixels down, as views: nothing is copied."""

import numpy as np
from numpy.typing import NDArray

from takeback.signals.model import MIRRORED, UPSIDE_DOWN, Flip

_BY_ORIENTATION = {
    2: Flip.MIRROR,
    3: Flip.ROTATE_180,
    4: Flip.UPSIDE_DOWN,
    5: Flip.TRANSPOSE,
    6: Flip.ROTATE_270,
    7: Flip.ANTI_TRANSPOSE,
    8: Flip.ROTATE_90,
}


def flip_pixels(pixels: NDArray[np.uint8], flip: Flip) -> NDArray[np.uint8]:
    """Lay a picture [height, width, ...] down another way; a quarter turn mirrors, then transposes."""
    if flip in MIRRORED:
        pixels = pixels[:, ::-1]
    if flip in UPSIDE_DOWN:
        pixels = pixels[::-1]
    return pixels.swapaxes(0, 1) if flip >= Flip.TRANSPOSE else pixels


def flip_for_orientation(orientation: object) -> Flip:
    """Return the flip that makes a picture upright (EXIF orientation, TIFF 6.0 tag 274); NONE for unknown
    values.
    """
    return _BY_ORIENTATION.get(orientation, Flip.NONE) if isinstance(orientation, int) else Flip.NONE
