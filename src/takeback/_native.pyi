# Exact search among 256-bit hashes; C++ in native/. Arrays are C-contiguous and are borrowed, never copied.
#
# ValueError: arrays that do not fit each other, a radius beyond 0 to 64, damaged tables.

from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

_Found: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]] | None

# The instruction sets that this processor and this build have, fastest first.
def paths() -> list[str]: ...

# Fills the tables of rows [n, 32]: offsets [16 * 65537], sketches [32 * n + 32], numbers [16 * n].
def build(
    rows: NDArray[np.uint8],
    offsets: NDArray[np.uint32],
    sketches: NDArray[np.uint16],
    numbers: NDArray[np.uint32],
) -> None: ...

# Lays rows [512 * b, 32] down bit by bit, as planes [b, 256, 64]; and back.
def rows_to_planes(rows: NDArray[np.uint8], planes: NDArray[np.uint8]) -> None: ...
def planes_to_rows(planes: NDArray[np.uint8], rows: NDArray[np.uint8]) -> None: ...

# One instruction set's way to search, each query by its own radius. Columns of query, row and distance, in no
# order, or None.
@final
class Path:
    def __init__(self, name: str) -> None: ...
    @property
    def name(self) -> str: ...
    def scan_rows(
        self, rows: NDArray[np.uint8], queries: NDArray[np.uint8], radii: NDArray[np.uint8]
    ) -> _Found: ...
    def scan_planes(
        self, planes: NDArray[np.uint8], queries: NDArray[np.uint8], radii: NDArray[np.uint8]
    ) -> _Found: ...

# Rows with their tables; the arrays are held as long as this lives.
@final
class Tables:
    def __init__(
        self,
        rows: NDArray[np.uint8],
        offsets: NDArray[np.uint32],
        sketches: NDArray[np.uint16],
        numbers: NDArray[np.uint32],
    ) -> None: ...
    def search(self, path: Path, queries: NDArray[np.uint8], radii: NDArray[np.uint8]) -> _Found: ...
