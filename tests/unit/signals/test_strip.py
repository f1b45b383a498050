"""What stands for a clip: a few moments, the same each time, the one that matched among them."""

from hypothesis import given
from hypothesis import strategies as st

from takeback.signals.clips.strip import MOST, strip
from takeback.signals.model import Frame, Pdq

FRAMES = st.lists(st.integers(0, 10**6), unique=True, max_size=40).map(
    lambda times: [Frame(at, Pdq(bytes(32), 90)) for at in sorted(times)]
)


@given(FRAMES, st.data())
def test_h1_a_few_moments_stand_for_a_clip_and_the_one_that_matched_is_among_them(frames, data):
    """H1: what acts is made of what the page shows, so the page shows the same moments each time."""
    matched = data.draw(st.sampled_from([frame.at_ms for frame in frames]) if frames else st.none())
    shown = strip(frames, matched)
    assert len(shown) == min(len(frames), MOST)
    assert list(shown) == sorted(set(shown), key=lambda frame: frame.at_ms)
    assert set(shown) <= set(frames)
    assert shown == strip(frames, matched)
    if frames:
        assert matched in {frame.at_ms for frame in shown}
        assert {frames[0], frames[-1]} <= set(shown)
