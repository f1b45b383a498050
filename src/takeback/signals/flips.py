"""The eight ways to lay pixels down, as views: nothing is copied."""

import numpy as np
from numpy.typing import NDArray

from takeback.signals.model import Flip

_MIRRORED = frozenset({Flip.MIRROR, Flip.ROTATE_180, Flip.ROTATE_90, Flip.ANTI_TRANSPOSE})
_UPSIDE_DOWN = frozenset({Flip.UPSIDE_DOWN, Flip.ROTATE_180, Flip.ROTATE_270, Flip.ANTI_TRANSPOSE})
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
    if flip in _MIRRORED:
        pixels = pixels[:, ::-1]
    if flip in _UPSIDE_DOWN:
        pixels = pixels[::-1]
    return pixels.swapaxes(0, 1) if flip >= Flip.TRANSPOSE else pixels


def flip_for_orientation(orientation: object) -> Flip:
    """What makes a picture upright (EXIF orientation, TIFF 6.0 tag 274); an unknown value changes nothing."""
    return _BY_ORIENTATION.get(orientation, Flip.NONE) if isinstance(orientation, int) else Flip.NONE
