"""A measurement of recall as numbers: the table for a terminal and JSON for a program."""

import json

from rich.table import Table

from takeback.signals.model import MATCH_RADIUS, REVIEW_RADIUS
from takeback_dev.measure.edits import EDITS
from takeback_dev.measure.recall import LEAVES_A_DEVICE, Matcher, Recall, Share

GROUPS: tuple[str, ...] = tuple(dict.fromkeys(edit.group for edit in EDITS))
"""The rows of the table."""
RADIUS = {
    Matcher.PDQ: MATCH_RADIUS,
    Matcher.VARIANTS: MATCH_RADIUS,
    Matcher.REVIEW: REVIEW_RADIUS,
}
"""Of those that compare hashes."""


def percent(share: Share) -> str:
    """As `93 % (91-95)`: the share and its 95 % interval."""
    low, high = share.interval()
    return f"{share.value:.0%} ({100 * low:.0f}-{100 * high:.0f})".replace("%", " %")


def properties(recall: Recall) -> list[tuple[str, dict[Matcher, str]]]:
    """What else is to be known of each matcher: a name, and a value for each."""
    rates = {matcher: recall.false_rate(radius) for matcher, radius in RADIUS.items()}
    return [
        (
            "false matches, of pairs asked",
            {
                each: f"{(s := recall.false(each)).hits} of {s.of:,}" if recall.false(each).of else ""
                for each in Matcher
            },
        ),
        (
            "false matches, extrapolated",
            {each: "" if rate is None else f"10^{rate:.1f}" for each, rate in rates.items()},
        ),
        ("ms per picture", {each: f"{recall.milliseconds(each):.1f}" for each in Matcher}),
        ("bytes per entry", {each: f"{recall.entry_bytes(each):,}" for each in Matcher}),
        ("may leave a device", {each: "yes" if LEAVES_A_DEVICE[each] else "no" for each in Matcher}),
    ]


def as_table(recall: Recall) -> Table:
    """For a terminal."""
    table = Table(
        title=f"{recall.edited} photographs, {len(recall.trials):,} copies, {len(recall.paths)} entries: "
        "recognised (95 % interval)"
    )
    table.add_column("edit", no_wrap=True)
    for matcher in Matcher:
        table.add_column(matcher.value, justify="right")
    for group in GROUPS:
        table.add_row(group, *(percent(recall.share(matcher, group)) for matcher in Matcher))
    table.add_section()
    table.add_row("all", *(percent(recall.share(matcher)) for matcher in Matcher), style="bold")
    table.add_section()
    for name, values in properties(recall):
        table.add_row(name, *(values.get(matcher, "") for matcher in Matcher))
    return table


def as_json(recall: Recall) -> str:
    """For a program."""

    def shares(group: str | None) -> dict[str, object]:
        return {matcher.name.lower(): _share(recall.share(matcher, group)) for matcher in Matcher}

    matchers: dict[str, object] = {}
    for matcher in Matcher:
        radius = RADIUS.get(matcher)
        matchers[matcher.name.lower()] = {
            "name": matcher.value,
            "radius": radius,
            "false": _share(recall.false(matcher)),
            "false_rate_log10": None if radius is None else recall.false_rate(radius),
            "ms_per_picture": round(recall.milliseconds(matcher), 3),
            "bytes_per_entry": recall.entry_bytes(matcher),
            "may_leave_a_device": LEAVES_A_DEVICE[matcher],
        }
    told = {
        "entries": len(recall.paths),
        "photographs": recall.edited,
        "same_picture_twice": recall.twins,
        "seed": recall.seed,
        "edits": len(EDITS),
        "copies": len(recall.trials),
        "matchers": matchers,
        "all": shares(None),
        "groups": {group: shares(group) for group in GROUPS},
        "by_edit": [
            {"group": edit.group, "edit": edit.name}
            | {
                matcher.name.lower(): sum(t.found(matcher) for t in recall.trials if t.edit == number)
                for matcher in Matcher
            }
            for number, edit in enumerate(EDITS)
        ],
    }
    return json.dumps(told, indent=1) + "\n"


def _share(share: Share) -> dict[str, object]:
    low, high = share.interval()
    return {
        "hits": share.hits,
        "of": share.of,
        "share": round(share.value, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }
