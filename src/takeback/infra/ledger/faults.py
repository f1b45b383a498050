"""What is wrong in one respect, as sentences and in bounded memory, however much is wrong."""

_MOST = 10
"""Most faults of one kind that are spelled out; the rest are counted."""


class Faults:
    """Sentences, of which the first are kept."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._more = 0

    def add(self, sentence: str) -> None:
        """One more."""
        if len(self._kept) < _MOST:
            self._kept.append(sentence)
        else:
            self._more += 1

    def sentences(self) -> tuple[str, ...]:
        """Those that are kept, and how many more there were."""
        return (*self._kept, f"And {self._more} more like these.") if self._more else tuple(self._kept)
