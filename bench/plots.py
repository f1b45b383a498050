"""The plots of docs/matching.md, drawn from numbers that were just measured.

Three pictures: recall by edit, queries a second against the size of the bank, pictures a second. They read on
white and on black pages, and say their numbers beside the marks, so that nobody has to measure them with a
ruler.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_OURS, _THEIRS, _MORE, _INK = "#2a6f97", "#b0b7bf", "#e09f3e", "#4a5560"
_MATCHERS = (("pdq", "PDQ as it is", _THEIRS), ("variants", "parts, 31 bits", _OURS))
_EITHER = ("either", "or the second stage", _MORE)
Speeds = Mapping[int, Mapping[str, float]]
"""Megapixels -> way -> pictures a second."""


def recall(numbers: Path, to: Path) -> None:
    """Of the JSON that `takeback bench recall --json` wrote."""
    found: dict[str, Any] = json.loads(numbers.read_text("utf-8"))
    groups: Mapping[str, Mapping[str, Mapping[str, float]]] = found["groups"]
    names = [*groups, "all"]
    rows = [*groups.values(), found["all"]]
    figure, axes = _page(7.5, 0.28 * len(names) + 1.2)
    for at, row in enumerate(rows):
        y = len(rows) - at
        either = row[_EITHER[0]]["share"]
        axes.barh(y, either, 0.7, color=_EITHER[2], label=_EITHER[1] if at == 0 else None)
        for (key, label, colour), high in zip(reversed(_MATCHERS), (0.7, 0.3), strict=True):
            axes.barh(y, row[key]["share"], high, color=colour, label=label if at == 0 else None)
        axes.text(1.01, y, f"{either:.0%}", va="center", fontsize=8, color=_INK)
    axes.set_yticks(range(len(rows), 0, -1), names, fontsize=8)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_title(
        f"Edited copies recognised: {found['copies']:,} copies of {found['photographs']} photographs",
        loc="left", fontsize=10,
    )  # fmt: skip
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    _save(figure, to)


def index(
    sizes: Sequence[int], ours: Sequence[float], batch: Sequence[float], faiss: Sequence[float], to: Path
) -> None:
    """Queries a second against rows; all three of one run."""
    figure, axes = _page(6.5, 3.6)
    lines = (
        (batch, "ours, 20,000 at once", _MORE),
        (ours, "ours, one at a time", _OURS),
        (faiss, "the best exact index of faiss", _THEIRS),
    )
    for rates, label, colour in lines:
        axes.plot(sizes, rates, marker="o", color=colour, label=label)
        for size, rate in zip(sizes, rates, strict=True):
            axes.annotate(f"{rate:,.0f}", (size, rate), (0, 6), textcoords="offset points", fontsize=8,
                          ha="center", color=_INK)  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(0.12)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=8)
    axes.set_title("Queries a second, radius 31, one thread, by rows", loc="left", fontsize=10)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    _save(figure, to)


def hashing(speeds: Speeds, to: Path) -> None:
    """Pictures a second from JPEG bytes to a hash, by way and size."""
    ways = list(next(iter(speeds.values())))
    figure, axes = _page(6.5, 0.5 * len(ways) * len(speeds) / 2 + 1.4)
    at, ticks = 0, list[tuple[float, str]]()
    for size, rates in speeds.items():
        for way in ways:
            at -= 1
            colour = _THEIRS if way == ways[0] else _OURS
            axes.barh(at, rates[way], 0.75, color=colour)
            axes.text(rates[way], at, f"  {rates[way]:,.1f}", va="center", fontsize=8, color=_INK)
            ticks.append((at, f"{size:g} MP: {way}"))
        at -= 0.5
    axes.set_yticks([place for place, _ in ticks], [name for _, name in ticks], fontsize=8)
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_title("Pictures a second, one core, from JPEG bytes to a hash", loc="left", fontsize=10)
    _save(figure, to)


def _page(width: float, height: float) -> tuple[Figure, Axes]:
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=_INK)
    return figure, axes


def _save(figure: Figure, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(to, dpi=130, metadata={"Software": None})
    plt.close(figure)
