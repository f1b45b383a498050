"""What a pixel costs, by kind of file: the measurements behind the table in `signals/cost.py`.

Run: `python -m takeback_dev.bench.files`. The dear files are those of the test of the two lanes
(`tests/dear_files.py`). Each is read as a decoder child reads it; prints nanoseconds of processor time a
pixel (of all frames that are looked at), and beside it the seconds that the header makes it cost.
"""

import importlib
import sys
import time
from pathlib import Path

from PIL import Image

from takeback.errors import Unreadable
from takeback.signals.clips import footage
from takeback.signals.clips.formats import is_clip
from takeback.signals.clips.moments import read_clip
from takeback.signals.decoder import cost
from takeback.signals.parts.decode import opened
from takeback.signals.parts.picture import read_picture

sys.path.insert(0, str(Path(__file__).parents[4] / "tests"))
PIXELS = 120_000_000


def main() -> None:
    """Measure and print."""
    Image.MAX_IMAGE_PIXELS = None
    print(f"{'file':18} {'KiB':>7} {'real s':>7} {'said s':>7}")
    for make in importlib.import_module("dear_files").DEAR:
        data = make()
        said = _said(data)
        began = time.process_time()
        try:
            (read_clip if is_clip(data) else read_picture)(data)
        except Unreadable as error:
            print(f"{make.__name__:18} {error}")
            continue
        print(f"{make.__name__:18} {len(data) >> 10:7} {time.process_time() - began:7.2f} {said:7.2f}")


def _said(data: bytes) -> float:
    if is_clip(data):
        return cost.of_clip(*footage.measures(footage.source_of(data, len(data), PIXELS, 60.0)))
    with opened(data, PIXELS) as image:
        return cost.of_picture(image, data)


if __name__ == "__main__":
    main()
