"""Rounds of looks for tests: one that proves an absence, and random ones for properties."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from takeback_verify.core.rounds import Look, RoundDocument, State, Surface, Vantage, When

VECTORS = Path(__file__).parent / "vectors" / "rounds.json"
REQUIRED = frozenset({Surface.MEDIA, Surface.MESSAGE})
_AT = datetime(2026, 3, 3, 12, 5, tzinfo=UTC)
_TARGET = "00000000-0000-4000-8000-000000000007"
_PLACES = [(surface, vantage) for surface in Surface for vantage in Vantage]


def gone_round(target: str = _TARGET, at: datetime = _AT, number: int = 0) -> RoundDocument:
    """Absent at every surface from every vantage, each time between two looks at a control."""
    return RoundDocument(
        at=at,
        control=tuple(
            Look("200", State.PRESENT, surface, vantage, when)
            for when in (When.BEFORE, When.AFTER)
            for surface, vantage in _PLACES
        ),
        looks=tuple(Look("404", State.ABSENT, surface, vantage) for surface, vantage in _PLACES),
        required=REQUIRED,
        round=number,
        shut_out=frozenset(),
        target=target,
    )


def _looks(*, control: bool) -> st.SearchStrategy[Look]:
    return st.builds(
        Look,
        st.sampled_from(["200", "401", "404", "\U0001f600", "\uffee"]),
        st.sampled_from(State),
        st.sampled_from(Surface),
        st.sampled_from(Vantage),
        st.sampled_from(When) if control else st.none(),
    )


def _any_round() -> st.SearchStrategy[RoundDocument]:
    return st.builds(
        RoundDocument,
        at=st.just(_AT),
        control=st.lists(_looks(control=True), max_size=12).map(tuple),
        looks=st.lists(_looks(control=False), max_size=6).map(tuple),
        required=st.none() | st.frozensets(st.sampled_from(Surface)),
        round=st.integers(0, 9),
        shut_out=st.frozensets(st.sampled_from(Vantage)),
        target=st.just(_TARGET),
    )


def _nearly_gone() -> st.SearchStrategy[RoundDocument]:
    """Rounds that prove an absence, but for some looks that are left out or changed."""
    whole = gone_round()
    places = st.sets(st.sampled_from(_PLACES), max_size=9)

    def made(
        closed: set[tuple[Surface, Vantage]],
        control: dict[int, Look | None],
        looks: dict[int, Look | None],
        required: frozenset[Surface],
        shut_out: frozenset[Vantage],
    ) -> RoundDocument:
        def at_door(look: Look) -> Look:
            shut = (look.surface, look.vantage) in closed
            return replace(look, seen="401", state=State.ABSENT) if shut else look

        return replace(
            whole,
            control=_changed([at_door(look) for look in whole.control], control),
            looks=_changed([at_door(look) for look in whole.looks], looks),
            required=required,
            shut_out=shut_out,
        )

    def changes(*, control: bool) -> st.SearchStrategy[dict[int, Look | None]]:
        most = len(whole.control if control else whole.looks) - 1
        return st.dictionaries(st.integers(0, most), st.none() | _looks(control=control), max_size=2)

    return st.builds(
        made,
        places,
        changes(control=True),
        changes(control=False),
        st.frozensets(st.sampled_from(Surface)),
        st.frozensets(st.sampled_from(Vantage)),
    )


def _changed(rows: Sequence[Look], changes: dict[int, Look | None]) -> tuple[Look, ...]:
    changed = [changes.get(n, row) for n, row in enumerate(rows)]
    return tuple(row for row in changed if row is not None)


ROUNDS = st.one_of(_any_round(), _nearly_gone())
"""Any round; half of them are near those that prove an absence."""


def vectors() -> list[dict]:
    """The shared examples: what a round is, what the log says of it, and what a verifier makes of that."""
    return json.loads(VECTORS.read_text("utf-8"))


Judge = Callable[[bytes, str], str]
"""A document and what the log says of it; the judgement in one word or sentence."""
