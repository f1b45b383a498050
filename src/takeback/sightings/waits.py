"""How long to wait after a failure before trying again. Pure."""

from datetime import timedelta

FIRST_PAUSE = timedelta(seconds=0.5)
LONGEST_PAUSE = timedelta(seconds=30)
"""After faults that pass by themselves."""
LONGEST_REST = timedelta(minutes=5)
"""After faults that somebody has to mend."""


def pause_after(failures: int, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    """Return the pause after as many failures in a row before this one: doubled each time."""
    return min(FIRST_PAUSE * 2 ** min(failures, 20), longest)
