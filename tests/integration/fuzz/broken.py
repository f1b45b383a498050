"""Targets that break in each way that must be noticed: `python -m broken NAME ...`, for `test_noticing`."""

from fuzz import target

_HELD: list[bytearray] = []


def fails(data: bytes) -> None:
    if len(data) > 3:
        raise KeyError(data[0])


def hangs(data: bytes) -> None:
    while len(data) > 3:
        pass


def dies(data: bytes) -> None:
    if len(data) > 3:
        import ctypes

        ctypes.string_at(0)


def eats(data: bytes) -> None:
    if len(data) > 3 and not _HELD:
        _HELD.append((bytearray(b"\1") * (700 << 20))[:1])  # and gives the rest back at once


def keeps(data: bytes) -> None:
    if len(data) > 3:
        _HELD.append(bytearray(b"\1") * (60 << 20))


def stands(data: bytes) -> None:
    """Nothing that is instrumented, so nothing is seen."""


if __name__ == "__main__":
    target.run({each.__name__: each for each in (fails, hangs, dies, eats, keeps, stands, target.fuzz_wire)})
