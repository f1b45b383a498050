"""Pictures and clips to signals; `read_picture` is the public name."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from takeback.signals.parts.picture import read_picture

__all__ = ["read_picture"]


def __getattr__(name: str) -> object:
    """Load `read_picture` when it is first used, since it brings the picture decoders along.

    Raises:
        AttributeError: any other name.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("takeback.signals.parts.picture"), name)
