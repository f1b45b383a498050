"""Writes docs/carriers.md: what can show a picture, which of it is compared, and why the rest is not."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Carrier:
    """One way in which a picture can be shown to people."""

    name: str
    what: str
    """How it is posted."""
    seen: bool
    why: str = ""
    """Why it is not compared; empty where it is."""


def page(sections: Sequence[tuple[str, Sequence[Carrier]]]) -> str:
    """The whole document.

    Args:
        sections: a title, and the carriers below it.
    """
    every = [carrier for _, carriers in sections for carrier in carriers]
    unseen = sum(not carrier.seen for carrier in every)
    lines = [
        "# What carries a picture",
        "",
        "A picture can be shown to people in many ways. The tests try each way below. They write this page,",
        "and fail where it is not true (`tests/contract/test_carriers.py`).",
        "",
        f"Compared: {len(every) - unseen} of {len(every)}. Not compared: {unseen}, each with its reason.",
    ]
    for title, carriers in sections:
        missed = [carrier for carrier in carriers if not carrier.seen]
        lines += ["", f"## {title}", ""]
        if missed:
            lines += ["### Not compared", "", "| Carrier | How | Why not |", "|---|---|---|"]
            lines += [f"| {each.name} | {each.what} | {each.why} |" for each in missed]
            lines += ["", "### Compared", ""]
        lines += ["| Carrier | How |", "|---|---|"]
        lines += [f"| {each.name} | {each.what} |" for each in carriers if each.seen]
    return "\n".join(lines) + "\n"
