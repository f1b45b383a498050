"""What `takeback match` says of a file: keys for programs, words for people."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from takeback.signals.clip import Verdict
from takeback.signals.folder import Answer
from takeback.signals.known import Hit
from takeback.signals.model import HASH_BITS, Cut, Flip

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
    hit = answer.hits[0] if answer.hits else None
    told: dict[str, object] = {"query": str(answer.query), **_keys(hit, known)}
    if answer.error is not None:
        told["error"] = str(answer.error)
    if details:
        told["hits"] = [_keys(each, known) for each in answer.hits]
    return told


def _keys(hit: Hit | None, known: Sequence[Path]) -> dict[str, object]:
    return {
        "bank": None if hit is None else str(known[hit.known]),
        "verdict": (Verdict.NONE if hit is None else hit.verdict).value,
        "stage": None if hit is None else hit.stage,
        "variant": None if hit is None or hit.variant is None else hit.variant.value,
        "distance": None if hit is None else hit.distance,
        "inliers": None if hit is None else hit.inliers,
        "flip": None if hit is None or hit.flip is None else hit.flip.name.lower(),
        "negative": None if hit is None else hit.negative,
        "box": None
        if hit is None or hit.box is None
        else [hit.box.left, hit.box.top, hit.box.width, hit.box.height],
        "at_ms": None if hit is None else hit.at_ms,
        "share": None if hit is None or hit.share is None else round(hit.share, 3),
    }


def in_words(hit: Hit) -> str:
    """How a file and something known agree, for who looks at both."""
    said = [] if hit.variant is None else [_PARTS[hit.variant]]
    if hit.at_ms is not None:
        said.append(f"at {hit.at_ms // 60_000}:{hit.at_ms // 1000 % 60:02}")
    if hit.flip is not None and _TURNS[hit.flip]:
        said.append(_TURNS[hit.flip])
    if hit.negative:
        said.append("as a negative")
    if hit.share is not None:
        said.append(f"{hit.share:.0%} of the moments")
    if hit.distance is not None:
        said.append(f"{hit.distance} of {HASH_BITS} bits differ")
    if hit.inliers is not None:
        said.append(f"{hit.inliers} points lie alike")
    return ", ".join(said)


def table(answers: Sequence[Answer], known: Sequence[Path], *, details: bool) -> Table:
    """Answers for people; `details`: with a line for each hit."""
    rows = Table("File", "Verdict", "Known", "How")
    for answer in answers:
        file = _shown(answer.query)
        if answer.error is not None:
            rows.add_row(file, "not read", "", escape(str(answer.error)))
        elif not answer.hits:
            rows.add_row(file, "none", "", "")
        for number, hit in enumerate(answer.hits if details else answer.hits[:1]):
            rows.add_row("" if number else file, hit.verdict.value, _shown(known[hit.known]), in_words(hit))
    return rows


def _shown(path: Path) -> str:
    """A name as it can be printed: bytes that are no text are replaced."""
    return escape(str(path).encode("utf-8", "replace").decode("utf-8"))
