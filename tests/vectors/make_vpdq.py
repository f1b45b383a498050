"""Write `vpdq.json`: small clips, and the moments and shares that vPDQ finds in them.

Run from the root of the repository: `PYTHONPATH=tests .venv/bin/python tests/vectors/make_vpdq.py`. It needs
the `vpdq` package, which is built with FFmpeg's headers and so is not among the development tools. Hashes
come from vPDQ alone; what this project computes is not asked.

`clips`: by name, `clip` (the file, base64) and `moments`, one a second of quality 50 or more, each `at_ms`,
`hash` (64 hex digits) and `quality`. `pairs`: `query`, `bank`, and for each of the two the share of its
moments that has a moment of the other within 31 bits.
"""

import base64
import json
import tempfile
from pathlib import Path

import vpdq

from signal_files import clip, moving
from takeback.signals.model import MATCH_RADIUS, MIN_QUALITY

TARGET = Path(__file__).with_name("vpdq.json")


def main() -> None:
    files = clips()
    moments = {name: moments_of(data) for name, data in files.items()}
    pairs = [
        {
            "query": query,
            "bank": bank,
            "query_share": share(moments[query], moments[bank]),
            "bank_share": share(moments[bank], moments[query]),
        }
        for query in files
        for bank in files
    ]
    described = {
        name: {
            "clip": base64.b64encode(data).decode("ascii"),
            "moments": [
                {"at_ms": round(1000 * each.timestamp), "hash": each.hex, "quality": each.quality}
                for each in moments[name]
            ],
        }
        for name, data in files.items()
    }
    TARGET.write_text(json.dumps({"clips": described, "pairs": pairs}, indent=1) + "\n", encoding="ascii")


def clips() -> dict[str, bytes]:
    known = list(moving(1, seconds=8, width=192, height=108))
    other = list(moving(2, seconds=4, width=192, height=108))
    return {
        "known": clip(known, options={"crf": "38"}),
        "cut": clip(known[30:78], codec="libvpx-vp9", form="webm", size=(160, 90), options={"crf": "45"}),
        "within a longer one": clip(other + known + other, options={"crf": "38"}),
        "other": clip(other, options={"crf": "38"}),
    }


def moments_of(data: bytes) -> list[vpdq.VpdqFeature]:
    with tempfile.NamedTemporaryFile(suffix=".clip") as file:
        file.write(data)
        file.flush()
        found = vpdq.computeHash(file.name, seconds_per_hash=1.0, thread_count=1)
    return [each for each in found if each.quality >= MIN_QUALITY]


def share(these: list[vpdq.VpdqFeature], those: list[vpdq.VpdqFeature]) -> float:
    matched = [any(one.hamming_distance(other) <= MATCH_RADIUS for other in those) for one in these]
    return sum(matched) / len(matched)


if __name__ == "__main__":
    main()
