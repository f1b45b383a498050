"""The names of background work, for people who never read its code."""

from collections.abc import Mapping

_NAMES: Mapping[str, str] = {
    "take_in": "open new reports",
    "take_effect": "put decisions into effect",
    "carry_out": "begin removals",
    "let_in": "let held reports in",
    "remove": "remove a copy",
    "locate": "follow a link of a report",
    "look": "look whether a copy is gone",
    "capture": "keep evidence of a copy",
    "write_dossier": "write an evidence package",
    "hand_out": "put evidence together for a receipt",
    "look_back": "compare with earlier posts",
    "bring": "fetch a picture",
    "read_again": "read a picture again",
    "read_exactly": "read a picture exactly",
    "look_closely": "compare pictures closely",
}


def named(job: str) -> str:
    """Return what a job does in a few words, or its own name if it has none here."""
    return _NAMES.get(job, job)
