"""Rules of what may be banked, and which part of a located picture is. Pure.

An entry removes whatever matches it, everywhere. So what would match unrelated pictures is refused: a hash
without detail, a screenshot's frame (unrelated photographs in one web page's layout were taken for each other
in 1.8 % of pairs), and pictures that everybody shares.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from takeback.bank.model import Entry, Refusal
from takeback.signals.index import compare
from takeback.signals.model import (
    HASH_BYTES,
    MIN_QUALITY,
    ClipSignals,
    Cut,
    Kind,
    Pdq,
    PictureSignals,
    Variant,
)
from takeback.signals.pdq import claims
from takeback.signals.relation import Hit, part_of


@dataclass(frozen=True, slots=True)
class Chosen:
    """The part of a located picture that stands for it."""

    cut: Cut
    flips: tuple[Pdq, ...]
    """Eight, in the order of `Flip`."""

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The eight hashes."""
        return tuple(flip.hash for flip in self.flips)

    @property
    def quality(self) -> int:
        """Of the part as shown."""
        return self.flips[0].quality


@dataclass(frozen=True, slots=True)
class WellKnown:
    """Pictures that everybody shares; none of them can be banked."""

    hashes: NDArray[np.uint8]
    """[n, 32]."""

    def __contains__(self, flips: Sequence[bytes]) -> bool:
        """Return whether any of a picture's eight flips is one of them."""
        return len(self.hashes) > 0 and len(compare.search(compare.stack(list(flips)), self.hashes).query) > 0


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the operator's list of well-known pictures."""

    hash: bytes
    """32 bytes."""
    comment: str = ""
    """What it shows, for whoever reads the list: printable, its words one blank apart."""


NOTHING_IS_WELL_KNOWN = WellKnown(np.empty((0, HASH_BYTES), np.uint8))


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a copy that a reviewer was shown as the picture, hashed here."""

    kind: Kind
    frames: tuple[tuple[bytes, ...], ...]
    """Eight hashes for each moment, in the order of `Flip`; a picture has one."""
    quality: int
    """Of the best."""


SAME_PART = 8
"""Bits: an entry this near to a part finds what an entry made of the part would, but for a few."""


def shown_part(
    signals: PictureSignals | ClipSignals, hit: Hit | None, moments: Collection[int] = ()
) -> Part | None:
    """Return the part of a copy that matched and that its page showed; None: it is not in what was read now.

    Args:
        signals: the copy, read exactly and with its flips.
        hit: how it was found; None: the reporter named it, and nothing of it matched.
        moments: of a clip that matched as one: the moments that its page showed, in milliseconds.
    """
    match signals:
        case ClipSignals(frames=frames) if moments:
            shown = [frame.flips for frame in frames if frame.at_ms in moments]
            return _part(Kind.CLIP, shown) if shown else None
        case PictureSignals() if hit is None:
            return _part(Kind.PICTURE, [choose(signals).flips])
    part = None if hit is None else part_of(signals, hit)
    return None if part is None else as_part(part)


def as_part(shown: Variant) -> Part:
    """Return a variant that was read with its flips."""
    return _part(Kind.PICTURE, [shown.flips])


def _part(kind: Kind, frames: Sequence[tuple[Pdq, ...]]) -> Part:
    hashes = tuple(tuple(flip.hash for flip in flips) for flips in frames)
    return Part(kind, hashes, max(flips[0].quality for flips in frames))


def without_well_known(part: Part, well_known: WellKnown) -> Part:
    """Return a clip without the moments that everybody shares; a picture, and a clip of nothing else, as it
    is.
    """
    kept = tuple(flips for flips in part.frames if flips not in well_known)
    return replace(part, frames=kept) if part.kind is Kind.CLIP and kept else part


def covers(entry: Entry, part: Part) -> bool:
    """Return whether an entry is so near to a part that another, made of it, would find nothing more."""
    rows = np.frombuffer(entry.hashes, np.uint8).reshape(-1, HASH_BYTES)
    first = compare.stack([flips[0] for flips in part.frames])
    near = set(compare.search(first, rows, SAME_PART).query.tolist())
    return entry.kind is part.kind and len(near) == len(first)


def choose(signals: PictureSignals) -> Chosen:
    """Choose the part of a located picture that is banked; it was read with its flips.

    The largest panel that has detail, if there are panels: the rest is somebody's page or collage. Else the
    picture without its border, for others cut the border off. Else the whole.
    """
    ordinary = [v for v in signals.variants if not v.view and v.flips]
    panels = [v for v in ordinary if v.cut is Cut.PANEL and v.pdq.quality >= MIN_QUALITY]
    if panels:
        return _of(max(panels, key=_area))
    trimmed = [v for v in ordinary if v.cut is Cut.TRIMMED]
    return _of(trimmed[0]) if trimmed else Chosen(Cut.WHOLE, signals.flips)


def _area(variant: Variant) -> int:
    return variant.box.width * variant.box.height


def _of(variant: Variant) -> Chosen:
    return Chosen(variant.cut, variant.flips)


def refusal(flips: Sequence[bytes], quality: int, well_known: WellKnown) -> Refusal | None:
    """Return why these hashes must not be banked; None if they may."""
    if quality < MIN_QUALITY:
        return Refusal.TOO_LITTLE_DETAIL
    return Refusal.WELL_KNOWN if flips in well_known else None


def claim_refusal(flips: Sequence[bytes], quality: int, well_known: WellKnown) -> Refusal | None:
    """Return why hashes that a reporter's device made must not be banked; None if they may.

    Nobody here saw the picture. What cannot be eight flips of one picture was not made of one.
    """
    why = refusal(flips, quality, well_known)
    if why is not None:
        return why
    if not all(map(claims.could_be_hash, flips)):
        return Refusal.NOT_A_PICTURES_NUMBERS
    return None if claims.flips_agree(flips) else Refusal.NOT_ONE_PICTURE


def and_also(well_known: WellKnown, value: bytes) -> WellKnown:
    """Return the list with one picture more."""
    return WellKnown(np.concatenate([well_known.hashes, compare.stack([value])]))


def parse_well_known(text: str) -> WellKnown:
    """Parse the operator's list, as `parse_list`, which says what it raises."""
    hashes = [listed.hash for listed in parse_list(text)]
    return WellKnown(compare.stack(hashes)) if hashes else NOTHING_IS_WELL_KNOWN


def parse_list(text: str) -> tuple[Listed, ...]:
    """Parse the operator's list: one hash of 64 hexadecimal digits a line and a comment, or # and a comment.

    People write it too, so case and blanks are free; `format_listed` knows one form.

    Raises:
        ValueError: with the number of the first line that is something else.
    """
    found: list[Listed] = []
    for number, line in enumerate(text.splitlines(), 1):
        digits, *comment = line.split() or ["#"]
        if digits.startswith("#"):
            continue
        if len(digits) != 2 * HASH_BYTES or not set(digits.lower()) <= set("0123456789abcdef"):
            raise ValueError(f"line {number} does not begin with 64 hexadecimal digits")
        found.append(Listed(bytes.fromhex(digits), " ".join(comment)))
    return tuple(found)


def format_listed(listed: Listed) -> str:
    """Format a line of the list, with its end. Raises ValueError: `parse_list` would read something else."""
    if listed.comment != as_comment(listed.comment) or len(listed.hash) != HASH_BYTES:
        raise ValueError("no line of a list of well-known pictures")
    return f"{listed.hash.hex()} {listed.comment}".rstrip() + "\n"


def as_comment(name: str) -> str:
    """Return a name as a comment: what is not printable is a blank, and blanks are single."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())
