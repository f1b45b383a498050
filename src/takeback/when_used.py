"""Modules that cost much to import, imported when something of them is first used.

Only weight is a reason for it, never a cycle. The module that needs a heavy one names it twice:

    if TYPE_CHECKING:
        import cv2
    else:
        cv2 = when_used("cv2")

The type checker and the import contracts read the first name; Python runs the second.
`tests/unit/house/test_start.py` holds which modules no entry point imports at its start.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING


class _WhenUsed(ModuleType):
    """Stands for a module until an attribute is asked for."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Import the module, and keep the attribute here: the next use costs nothing."""
            found = getattr(import_module(self.__name__), name)
            setattr(self, name, found)
            return found


def when_used(name: str) -> ModuleType:
    """Return what stands for the module `name`. Using it raises what importing the module raises."""
    return _WhenUsed(name)
