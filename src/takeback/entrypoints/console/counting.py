"""Numbers with their words. Pure."""


def count(number: int, one: str, many: str = "") -> str:
    """A number with its word: "1 copy", "37 copies"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
