"""For all tests: properties are judged by their truth, never by the clock of a busy machine."""

from hypothesis import settings

settings.register_profile("takeback", deadline=None)
settings.load_profile("takeback")
