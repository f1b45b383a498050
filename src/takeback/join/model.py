"""How a post and a bank entry agree."""

from dataclasses import dataclass

from takeback.signals.model import Box, Cut


@dataclass(frozen=True, slots=True)
class Hit:
    """One post and one entry, and how they were found to show the same."""

    distance: int | None
    """Differing bits of 256 of the best pair; None: not found by a hash (stage 2)."""
    flip: int
    """Which of `signals.model.Flip` the entry had to be laid down by."""
    negative: bool
    """The post shows the photographic negative."""
    cut: Cut = Cut.WHOLE
    """Which part of the post it was."""
    box: Box | None = None
    """Where that part lies; None: it is all of the picture."""
    at_ms: int | None = None
    """When in the post's clip, in milliseconds; None: the post is a picture."""
    review_only: bool = False
    """May be the same: only a person says so, and nothing is removed for it before."""
    exact: bool = True
    """False: known by the fast hash only, because the post was gone before it could be read again."""
    stage: int = 1
    """1: by hashes; 2: by the geometry of details, always for review only."""
    inliers: int | None = None
    """Of stage 2: how many details agree in their places."""
