"""Make tests/vectors/rounds.json: rounds of looks with what a verifier must make of each.

    .venv/bin/python tests/vectors/make_rounds.py

The expected judgements are written here by hand. `round` is the document's text, `said` what the
log's entry says; `judged` is "there", "gone" or "unclear" where that is proven, "not proven: ..." for an old
round that says "gone", "contradiction" where looks and entry disagree, "malformed" for what is no document.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from rounds_of_looks import REQUIRED, gone_round  # noqa: E402 -- the tests' own modules are found by the line above
from takeback_verify.core.rounds import (  # noqa: E402 -- same
    Look,
    RoundDocument,
    State,
    Surface,
    Vantage,
    When,
    format_round,
)

Row = tuple[str, str, str, str]
GONE = gone_round()


def seen_by(control: tuple[Look, ...], vantage: Vantage, state: State, seen: str) -> tuple[Look, ...]:
    """The same, but for one vantage."""
    return tuple(replace(row, state=state, seen=seen) if row.vantage is vantage else row for row in control)


def rounds() -> Iterator[tuple[str, RoundDocument, str, str]]:
    """Name, document, what the log says, what must come of it."""
    yield "absent everywhere beside a control", GONE, "gone", "gone"
    yield "the same, called unclear", GONE, "unclear", "contradiction"
    yield "the same, called there", GONE, "there", "contradiction"
    bare = replace(GONE, control=())
    yield "no control at all", bare, "unclear", "unclear"
    yield "no control at all, called gone", bare, "gone", "contradiction"
    half = replace(GONE, control=tuple(row for row in GONE.control if row.when is When.BEFORE))
    yield "a control before the look only, called gone", half, "gone", "contradiction"
    yield "a control before the look only", half, "unclear", "unclear"
    one = replace(GONE, looks=(replace(GONE.looks[0], state=State.PRESENT), *GONE.looks[1:]))
    yield "seen at one surface by one", one, "there", "there"
    yield "seen at one surface by one, called gone", one, "gone", "contradiction"
    doubt = replace(
        GONE, looks=(replace(GONE.looks[0], state=State.UNDETERMINED, seen="503"), *GONE.looks[1:])
    )
    yield "one look in doubt", doubt, "unclear", "unclear"
    yield "one look in doubt, called gone", doubt, "gone", "contradiction"
    blocked = replace(
        GONE, control=tuple(replace(row, state=State.ABSENT, seen="404") for row in GONE.control)
    )
    yield "everything is shut to everybody", blocked, "unclear", "unclear"
    yield (
        "everything is shut to everybody, and all are excused",
        replace(blocked, shut_out=frozenset(Vantage)),
        "gone",
        "contradiction",
    )
    closed = replace(
        GONE,
        control=seen_by(GONE.control, Vantage.ANONYMOUS, State.ABSENT, "401"),
        looks=seen_by(GONE.looks, Vantage.ANONYMOUS, State.ABSENT, "401"),
    )
    yield "strangers are shut out, and that is not said", closed, "unclear", "unclear"
    excused = replace(closed, shut_out=frozenset({Vantage.ANONYMOUS}))
    yield "strangers are shut out, and that is said", excused, "gone", "gone"
    other = replace(excused, looks=seen_by(excused.looks, Vantage.ANONYMOUS, State.ABSENT, "404"))
    yield "strangers are answered otherwise of the copy", other, "unclear", "unclear"
    pictures = replace(GONE, looks=tuple(row for row in GONE.looks if row.surface is Surface.MEDIA))
    yield "the message was not looked at", pictures, "unclear", "unclear"
    yield (
        "the message need not be looked at",
        replace(pictures, required=frozenset({Surface.MEDIA})),
        "gone",
        "gone",
    )
    yield "nothing had to be proven", replace(GONE, required=frozenset()), "unclear", "unclear"
    yield (
        "nothing had to be proven, called gone",
        replace(GONE, required=frozenset()),
        "gone",
        "contradiction",
    )
    yield "nothing was looked at", replace(GONE, looks=()), "unclear", "unclear"
    old = replace(GONE, required=None)
    yield "a first version", old, "gone", "not proven: its record does not say what had to be looked at"
    yield "a first version without a control", replace(old, control=()), "gone", "not proven: no control"
    yield "a first version, called unclear", old, "unclear", "unclear"
    yield "a first version, called there", old, "there", "contradiction"
    yield "a first version that was seen", replace(one, required=None), "there", "there"
    yield "a first version that was seen, called gone", replace(one, required=None), "gone", "contradiction"
    yield "an unknown finding", GONE, "vanished", "contradiction"


def damaged() -> Iterator[tuple[str, str]]:
    """Name and text of what is no document."""
    whole = format_round(GONE).decode()
    fields = json.loads(whole)

    def spelt(**changed: object) -> str:
        return json.dumps({**fields, **changed}, sort_keys=True, separators=(",", ":"))

    row, beside = fields["looks"][0], fields["control"][0]
    yield "a field more", spelt(note="gone, believe me")
    yield "a field less", spelt().replace('"shut_out":[],', "")
    yield "a third version", spelt(v=3)
    yield (
        "a third version with the fields of the first",
        json.dumps(
            {
                name: value
                for name, value in {**fields, "v": 3}.items()
                if name not in {"required", "shut_out"}
            },
            sort_keys=True,
            separators=(",", ":"),
        ),
    )
    yield "a first version with the fields of the second", spelt(v=1)
    yield "an unknown surface", spelt(looks=[{**row, "surface": "rumour"}])
    yield "an unknown vantage", spelt(looks=[{**row, "vantage": "nobody"}])
    yield "an unknown state", spelt(looks=[{**row, "state": "gone"}])
    yield "an unknown moment", spelt(control=[{**beside, "when": "later"}])
    yield "a control without a moment", spelt(control=[row])
    yield "a look with a moment", spelt(looks=[beside])
    yield "looks out of order", spelt(looks=fields["looks"][::-1])
    yield "a control out of order", spelt(control=fields["control"][::-1])
    yield "a surface that is required twice", spelt(required=["media", "media"])
    yield "required surfaces out of order", spelt(required=["message", "media"])
    yield "an answer that is no text", spelt(looks=[{**row, "seen": 404}])
    yield "a round below nothing", spelt(round=-1)
    yield "a target that is no UUID", spelt(target="somebody")
    yield "a time in another spelling", spelt(at="2026-03-03T12:05:00Z")
    yield "another spelling", json.dumps(fields, sort_keys=True)
    yield "no object", "[]"


def main() -> None:
    """Write the file."""
    assert GONE.required == REQUIRED
    rows = [
        {"judged": judged, "name": name, "round": format_round(document).decode(), "said": said}
        for name, document, said, judged in rounds()
    ]
    rows += [{"judged": "malformed", "name": name, "round": text, "said": "gone"} for name, text in damaged()]
    (HERE / "rounds.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
