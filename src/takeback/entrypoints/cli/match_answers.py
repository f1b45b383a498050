"""The answers of `takeback match` about a file: keys for programs, words for people."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from takeback.signals.folder import Answer
from takeback.signals.known import Found, Verdict
from takeback.signals.model import HASH_BITS, Cut, Flip
from takeback.signals.parts import names

_PARTS = {
    Cut.WHOLE: "the picture itself",
    Cut.TRIMMED: "the picture without its border",
    Cut.PANEL: "a part of the picture",
    Cut.FRAME: "a moment of the clip",
}
_TURNS = {
    Flip.NONE: "",
    Flip.MIRROR: "mirrored",
    Flip.UPSIDE_DOWN: "upside down",
    Flip.ROTATE_180: "turned by half",
    Flip.TRANSPOSE: "mirrored and turned by a quarter",
    Flip.ROTATE_90: "turned by a quarter",
    Flip.ROTATE_270: "turned by a quarter",
    Flip.ANTI_TRANSPOSE: "mirrored and turned by a quarter",
}


def line(answer: Answer, known: Sequence[Path], *, details: bool) -> dict[str, object]:
    """One answer as the keys of its line, in their order."""
    first = answer.found[0] if answer.found else None
    document: dict[str, object] = {"query": str(answer.query), **_keys(first, known)}
    if answer.error is not None:
        document["error"] = str(answer.error)
    if details:
        document["hits"] = [_keys(each, known) for each in answer.found]
    return document


_NOTHING: dict[str, object] = {"bank": None, "verdict": Verdict.NONE.value} | dict.fromkeys(
    ("stage", "variant", "distance", "inliers", "flip", "negative", "box", "at_ms", "view", "share")
)


def _keys(found: Found | None, known: Sequence[Path]) -> dict[str, object]:
    if found is None:
        return _NOTHING
    hit, box = found.hit, found.hit.box
    return {
        "bank": str(known[found.known]),
        "verdict": found.verdict.value,
        "stage": hit.stage,
        "variant": hit.cut.value if hit.stage == 1 else None,
        "distance": hit.distance,
        "inliers": hit.inliers,
        "flip": Flip(hit.flip).name.lower(),
        "negative": hit.negative,
        "box": None if box is None else [box.left, box.top, box.width, box.height],
        "at_ms": hit.at_ms,
        "view": hit.view,
        "share": None if found.share is None else round(found.share, 3),
    }


def in_words(found: Found) -> str:
    """Describe how a file and something known agree, for who looks at both."""
    hit = found.hit
    parts = [_PARTS[hit.cut]] if hit.stage == 1 else []
    if hit.view:
        parts.append(names.in_words(hit.view))
    if hit.at_ms is not None:
        parts.append(f"at {hit.at_ms // 60_000}:{hit.at_ms // 1000 % 60:02}")
    if _TURNS[Flip(hit.flip)]:
        parts.append(_TURNS[Flip(hit.flip)])
    if hit.negative:
        parts.append("as a negative")
    if found.share is not None:
        parts.append(f"{found.share:.0%} of the moments")
    if hit.distance is not None:
        parts.append(f"{hit.distance} of {HASH_BITS} bits differ")
    if hit.inliers is not None:
        parts.append(f"{hit.inliers} points lie alike")
    return ", ".join(parts)


def table(answers: Sequence[Answer], known: Sequence[Path], *, details: bool) -> Table:
    """Answers for people; `details`: with a line for each hit."""
    rows = Table("File", "Verdict", "Known", "How")
    for answer in answers:
        file = _shown(answer.query)
        if answer.error is not None:
            rows.add_row(file, "not read", "", escape(str(answer.error)))
        elif not answer.found:
            rows.add_row(file, "none", "", "")
        for number, found in enumerate(answer.found if details else answer.found[:1]):
            rows.add_row(
                "" if number else file, found.verdict.value, _shown(known[found.known]), in_words(found)
            )
    return rows


def _shown(path: Path) -> str:
    """A name as it can be printed: bytes that are no text are replaced."""
    return escape(str(path).encode("utf-8", "replace").decode("utf-8"))
