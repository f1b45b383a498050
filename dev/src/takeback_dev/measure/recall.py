"""How many edited copies are recognised, and whether anything unrelated is: `takeback bench recall`.

Each photograph of a folder is a bank entry (one hash and its flips) and is edited in every way of `edits`;
each copy is compared with all entries as a post would be. Whoever doubts a number runs it on pictures of
their own.

The trade-offs: files are read in this program's own processes, without the sandbox, since they are the
operator's; the second processes, at tens of milliseconds a pair, asks a copy's own original and, of every few
copies, one unrelated picture, so its false matches come with a wider interval than those of the hashes.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing import get_context
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from takeback.errors import ConfigurationError, Unreadable
from takeback.signals.details import features
from takeback.signals.details.features import Features
from takeback.signals.index import compare
from takeback.signals.model import (
    HASH_BITS,
    HASH_BYTES,
    MATCH_RADIUS,
    MIN_QUALITY,
    REVIEW_RADIUS,
    Flip,
    PictureSignals,
)
from takeback.signals.parts import panels
from takeback.signals.parts.decode import decode
from takeback.signals.parts.picture import read_picture
from takeback.signals.pdq import hashing
from takeback_dev.measure import edits
from takeback_dev.measure.edits import EDITS, OTHERS
from takeback_dev.measure.screens import Pixels

FEWEST = OTHERS + 2
"""Photographs that a measurement needs: collages are made of others."""
_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff", ".bmp", ".heic", ".heif"}
_WAYS = len(Flip)
_EVERY = 6
"""Of so many copies, one is asked in the second stage whether it shows an unrelated picture."""
_WAITING = 2
"""Photographs handed to each process ahead of time; more would only take memory."""
_TAIL = (1e-2, 1e-5)
"""The shares of the nearest distances between which the tail is taken to be normal."""


class Matcher(StrEnum):
    """What a copy is recognised by; the columns of the table."""

    PDQ = "PDQ as it is"
    VARIANTS = "variants, to 31 bits"
    REVIEW = "variants, to 48 bits"
    DETAILS = "second stage"
    EITHER = "31 bits or second stage"


LEAVES_A_DEVICE: Mapping[Matcher, bool] = {
    Matcher.PDQ: True,
    Matcher.VARIANTS: True,
    Matcher.REVIEW: True,
    Matcher.DETAILS: False,
    Matcher.EITHER: False,
}
"""One hash and its flips may; details stay with the platform that holds the picture."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """0 to 1; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Wilson's score interval (E. B. Wilson, JASA 22, 1927)."""
        if not self.of:
            return 0.0, 1.0
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        middle = self.value + z * z / (2 * self.of)
        reach = z * math.sqrt(self.value * (1 - self.value) / self.of + z * z / (4 * self.of * self.of))
        scale = 1 + z * z / self.of
        return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


@dataclass(frozen=True, slots=True)
class Trial:
    """One edited copy and how near it came to its original."""

    picture: int
    """Number of the photograph."""
    edit: int
    """Number in `EDITS`."""
    plain: int
    """Bits between the hash of the whole copy and the entry's."""
    nearest: int
    """Bits between the nearest pair of variant, negative and flip."""
    inliers: int | None
    """Places that agree in the second stage; None: not recognised."""

    def found(self, matcher: Matcher) -> bool:
        """Whether it is recognised."""
        match matcher:
            case Matcher.PDQ:
                return self.plain <= MATCH_RADIUS
            case Matcher.VARIANTS:
                return self.nearest <= MATCH_RADIUS
            case Matcher.REVIEW:
                return self.nearest <= REVIEW_RADIUS
            case Matcher.DETAILS:
                return self.inliers is not None
            case Matcher.EITHER:
                return self.nearest <= MATCH_RADIUS or self.inliers is not None


@dataclass(slots=True)
class Tally:
    """What is only counted; those of several processes are added up."""

    seconds: dict[Matcher, float] = field(default_factory=lambda: dict.fromkeys(Matcher, 0.0))
    asked: Counter[Matcher] = field(default_factory=Counter)
    """Pairs of a copy and an unrelated photograph."""
    false: Counter[Matcher] = field(default_factory=Counter)
    apart: NDArray[np.int64] = field(default_factory=lambda: np.zeros(HASH_BITS + 1, dtype=np.int64))
    """How many pairs of unrelated hashes (variant, entry's flip) are so many bits apart."""
    features_bytes: int = 0
    features_of: int = 0

    def add(self, other: "Tally") -> None:
        """Count another one's too."""
        for matcher, seconds in other.seconds.items():
            self.seconds[matcher] += seconds
        self.asked.update(other.asked)
        self.false.update(other.false)
        self.apart += other.apart
        self.features_bytes += other.features_bytes
        self.features_of += other.features_of


@dataclass(frozen=True, slots=True)
class Entries:
    """The photographs as a bank."""

    paths: tuple[Path, ...]
    rows: NDArray[np.uint8]
    """[photographs * 8, 32]"""
    twins: NDArray[np.bool_]
    """[photographs, photographs]: pairs that show the same, so that a match between them is not false."""


@dataclass(frozen=True, slots=True)
class Recall:
    """What came of it."""

    paths: tuple[Path, ...]
    """The entries."""
    edited: int
    """How many of them were edited."""
    twins: int
    """Pairs of photographs that are the same picture."""
    trials: tuple[Trial, ...]
    tally: Tally
    seed: int

    def share(self, matcher: Matcher, group: str | None = None) -> Share:
        """How many copies of a group of edits, or of all, are recognised."""
        inside = [trial for trial in self.trials if group in (None, EDITS[trial.edit].group)]
        return Share(sum(trial.found(matcher) for trial in inside), len(inside))

    def false(self, matcher: Matcher) -> Share:
        """How many pairs of a copy and an unrelated photograph are taken for the same."""
        return Share(self.tally.false[matcher], self.tally.asked[matcher])

    def milliseconds(self, matcher: Matcher) -> float:
        """For one file, from its bytes to its signals; in the second stage also one comparison."""
        return 1000 * self.tally.seconds[matcher] / max(1, len(self.trials))

    def entry_bytes(self, matcher: Matcher) -> int:
        """What an entry of the bank is made of."""
        details = self.tally.features_bytes // max(1, self.tally.features_of)
        hashes = HASH_BYTES * (1 if matcher is Matcher.PDQ else _WAYS)
        return {Matcher.DETAILS: details, Matcher.EITHER: hashes + details}.get(matcher, hashes)

    def false_rate(self, radius: int) -> float | None:
        """The chance that two unrelated hashes lie within a radius: extrapolated, its logarithm to base 10.

        Hashes of unrelated pictures are about normally apart, but the near side of the distribution is wider
        than its middle tells. So the normal curve is laid through two quantiles of the near side.

        Returns:
            None if too few pairs were compared.
        """
        pairs = int(self.tally.apart.sum())
        if pairs * _TAIL[1] < 10:  # noqa: PLR2004 (a quantile of ten pairs is the least)
            return None
        summed = np.cumsum(self.tally.apart)
        places = [int(np.searchsorted(summed, share * pairs)) for share in _TAIL]
        scores = [NormalDist().inv_cdf(float(summed[place]) / pairs) for place in places]
        deviation = (places[0] - places[1]) / (scores[0] - scores[1])
        return _log10_below(scores[0] + (radius - places[0]) / deviation)


def _log10_below(score: float) -> float:
    """The logarithm of the normal distribution far in its lower tail (Abramowitz and Stegun 26.2.12)."""
    if score > -5:  # noqa: PLR2004 (from there on the expansion is exact to 4 %)
        return math.log10(NormalDist().cdf(score))
    return (-score * score / 2 - math.log(-score * math.sqrt(2 * math.pi))) / math.log(10)


# --- measuring ---------------------------------------------------------------------------------------------


def measure(
    entries: Entries, *, limit: int | None, seed: int, processes: int, progress: Callable[[int], None]
) -> Recall:
    """Edit each photograph in all ways and compare.

    Args:
        entries: all photographs; each copy is compared with all of them.
        limit: edit so many of them, evenly chosen; None: all.
        seed: another seed moves stickers, words and corners, and mixes other collages.
        processes: how many photographs are worked on at a time.
        progress: is told how many photographs are done.
    """
    count = len(entries.paths)
    chosen = range(count) if limit is None or limit >= count else [at * count // limit for at in range(limit)]
    # Forked children of a program with threads may hang; these begin anew.
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (entries, seed)) as pool:
        trials: list[Trial] = []
        tally = Tally()
        for done, (some, counted) in enumerate(_each(pool, chosen, processes * _WAITING), 1):
            trials += some
            tally.add(counted)
            progress(done)
    trials.sort(key=lambda trial: (trial.picture, trial.edit))
    twins = (int(entries.twins.sum()) - len(entries.paths)) // 2
    return Recall(entries.paths, len(chosen), twins, tuple(trials), tally, seed)


def pictures_in(folder: Path) -> list[Path]:
    """The folder's files, at any depth, that are named like pictures, by name; not the hidden ones."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def enter(files: Sequence[Path]) -> tuple[Entries, tuple[tuple[Path, str], ...]]:
    """Photographs as bank entries, and the files that cannot be, with the reason.

    Raises:
        ConfigurationError: fewer than `FEWEST` are left.
    """
    paths: list[Path] = []
    rows: list[bytes] = []
    left_out: list[tuple[Path, str]] = []
    for path in files:
        try:
            flips = hashing.hash_pixels_flips(_pixels(path))
        except Unreadable as error:
            left_out.append((path, str(error)))
            continue
        if flips[0].quality < MIN_QUALITY:
            left_out.append((path, f"too little detail for an entry (quality {flips[0].quality})"))
            continue
        paths.append(path)
        rows += [flip.hash for flip in flips]
    if len(paths) < FEWEST:
        raise ConfigurationError(f"{len(paths)} usable photographs; at least {FEWEST} are needed")
    table = compare.stack(rows)
    near = compare.search(table[::_WAYS], table, REVIEW_RADIUS)
    twins = np.zeros((len(paths), len(paths)), dtype=np.bool_)
    twins[near.query, near.row // _WAYS] = True
    return Entries(tuple(paths), table, twins | twins.T), tuple(left_out)


def _each(
    pool: ProcessPoolExecutor, chosen: Sequence[int], ahead: int
) -> Iterator[tuple[list[Trial], Tally]]:
    """Results as they come; few wait at a time, so memory does not grow with the folder."""
    numbers = iter(chosen)
    running: set[Future[tuple[list[Trial], Tally]]] = set()
    while True:
        for number in numbers:
            running.add(pool.submit(_photograph, number))
            if len(running) >= ahead:
                break
        if not running:
            return
        done = next(as_completed(running))
        running.remove(done)
        yield done.result()


@dataclass(frozen=True, slots=True)
class _Task:
    """What a process knows from its beginning."""

    entries: Entries
    seed: int


_task: list[_Task] = []


def _begin(entries: Entries, seed: int) -> None:
    _task[:] = [_Task(entries, seed)]


def _pixels(path: Path) -> Pixels:
    return decode(path.read_bytes()).rgb


def _others(picture: int, count: int, seed: int) -> list[int]:
    """Which other photographs stand beside one in its collages."""
    drawn = np.random.default_rng((seed, picture)).choice(count - 1, OTHERS, replace=False)
    return [int(other) + int(other >= picture) for other in drawn]


def _grey(rgb: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(rgb).convert("L"))


def _photograph(number: int) -> tuple[list[Trial], Tally]:
    """All copies of one photograph."""
    (task,) = _task
    paths = task.entries.paths
    others = _others(number, len(paths), task.seed)
    beside = [_pixels(paths[other]) for other in others]
    rgb = _pixels(paths[number])
    known = features.describe(_grey(rgb))
    # A photograph that a collage may show, or that is the same picture, is not unrelated.
    unrelated = np.logical_not(np.logical_or.reduce(task.entries.twins[[number, *others]], axis=0))
    strangers = np.flatnonzero(unrelated)
    rng = np.random.default_rng((task.seed, number, 1))
    stranger = features.describe(_grey(_pixels(paths[rng.choice(strangers)]))) if strangers.size else None
    tally = Tally(features_bytes=len(features.format_features(known)), features_of=1)
    trials: list[Trial] = []
    for index, edit in enumerate(EDITS):
        data = edits.apply(edit, rgb, beside, seed=task.seed, picture=paths[number].name)
        began = time.process_time()
        shown = decode(data).rgb
        decoding = time.process_time() - began
        # Decoded once, counted for both: each matcher's time is from the file's bytes.
        for matcher in (Matcher.PDQ, Matcher.DETAILS):
            tally.seconds[matcher] += decoding
        plain, nearest = _hashes(data, shown, number, task.entries, unrelated, tally)
        asked = stranger if index % _EVERY == number % _EVERY else None
        inliers = _details(shown, known, asked, tally)
        tally.seconds[Matcher.EITHER] = tally.seconds[Matcher.VARIANTS] + tally.seconds[Matcher.DETAILS]
        trials.append(Trial(number, index, plain, nearest, inliers))
    return trials, tally


def _hashes(
    data: bytes, shown: Pixels, number: int, entries: Entries, unrelated: NDArray[np.bool_], tally: Tally
) -> tuple[int, int]:
    """The first stage: bits to the original, of the whole and of the nearest variant; the rest is counted."""
    began = time.process_time()
    whole = hashing.hash_pixels(shown)
    tally.seconds[Matcher.PDQ] += time.process_time() - began
    began = time.process_time()
    seen = read_picture(data)
    taken = time.process_time() - began
    for matcher in (Matcher.VARIANTS, Matcher.REVIEW):
        tally.seconds[matcher] += taken
    apart, doubts = _distances(seen, entries)
    if any(
        np.any((apart <= radius + doubts) & (apart > radius - doubts))
        for radius in (MATCH_RADIUS, REVIEW_RADIUS)
    ):
        apart, _ = _distances(read_picture(data, exact=True), entries)
    by_entry = apart.min(axis=0).reshape(-1, _WAYS).min(axis=1)
    plain = compare.distances(compare.stack([whole.hash]), entries.rows[::_WAYS])[0]
    for matcher, distances, radius in (
        (Matcher.PDQ, plain, MATCH_RADIUS),
        (Matcher.VARIANTS, by_entry, MATCH_RADIUS),
        (Matcher.REVIEW, by_entry, REVIEW_RADIUS),
    ):
        tally.asked[matcher] += int(np.count_nonzero(unrelated))
        tally.false[matcher] += int(np.count_nonzero(distances[unrelated] <= radius))
    tally.apart += np.bincount(apart[:, np.repeat(unrelated, _WAYS)].ravel(), minlength=HASH_BITS + 1)
    return int(plain[number]), int(by_entry[number])


def _distances(seen: PictureSignals, entries: Entries) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bits between each hash of a copy or its negative and each row; and by how many each may be wrong."""
    doubts = [seen.doubt, *(variant.doubt for variant in seen.variants)]
    hashes = [seen.whole.hash, *(variant.pdq.hash for variant in seen.variants)]
    apart = compare.distances(compare.stack(hashes), entries.rows)
    # A negative's hash is the complement: as many bits from a row as the hash has in common with it.
    both = np.concatenate((apart, HASH_BITS - apart)).astype(np.int64)
    return both, np.array(doubts * 2, dtype=np.int64)[:, None]


def _details(shown: Pixels, known: Features, stranger: Features | None, tally: Tally) -> int | None:
    """The second stage: the places that agree with the original's; and does an unrelated picture agree?"""
    began = time.process_time()
    grey = _grey(shown)
    query = features.describe(grey, panels.cuts(grey))
    agreement = features.agree(query, known)
    tally.seconds[Matcher.DETAILS] += time.process_time() - began
    if stranger is not None:
        tally.asked[Matcher.DETAILS] += 1
        tally.false[Matcher.DETAILS] += features.agree(query, stranger) is not None
    return None if agreement is None else agreement.inliers
