"""What a decoder says is parsed strictly: the right form comes back unchanged, anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals import wire
from takeback.signals.decode import FORMATS
from takeback.signals.model import Pdq
from takeback.signals.wire import Answer, BadAnswer, Outcome, Request, Seen, Task

LIMIT = 120_000_000
requests = st.builds(
    Request,
    st.sampled_from(Task),
    st.integers(0, 2**40),
    st.booleans(),
    st.integers(0, 4096),
    st.booleans(),
    st.booleans(),
)
answers = st.builds(Answer, st.sampled_from(Outcome), st.integers(0, wire.MAX_BODY), st.booleans())
hashes = st.builds(Pdq, st.binary(min_size=32, max_size=32), st.integers(0, 100))
seen = st.builds(
    Seen,
    st.integers(1, 10_000),
    st.integers(1, 12_000),
    st.sampled_from(FORMATS),
    st.one_of(st.tuples(hashes), st.tuples(*[hashes] * 8)),
)


@given(requests)
def test_a_request_survives_the_pipe(request):
    assert wire.parse_request(wire.format_request(request)) == request


@given(answers)
def test_an_answer_survives_the_pipe(answer):
    assert wire.parse_answer(wire.format_answer(answer)) == answer


@given(seen)
def test_signals_survive_the_pipe(value):
    assert wire.parse_seen(wire.format_seen(value), LIMIT, hashes=len(value.hashes)) == value


@given(st.sampled_from(WhyUnreadable), st.text(max_size=300))
def test_a_reason_survives_the_pipe(why, detail):
    error = wire.parse_unreadable(wire.format_unreadable(Unreadable(why, detail)))
    assert error.why == why
    assert error.detail == "".join(filter(str.isprintable, detail))[:200]


@given(st.binary(min_size=wire.ANSWER_BYTES, max_size=wire.ANSWER_BYTES))
def test_the_head_of_an_answer_is_bounded(head):
    try:
        answer = wire.parse_answer(head)
    except BadAnswer:
        return
    assert answer.length <= wire.MAX_BODY


@given(st.binary(max_size=400))
def test_a_body_of_another_form_is_refused(body):
    if not body.startswith(b"\xff\xd8\xff"):
        with pytest.raises(BadAnswer):
            wire.parse_preview(body)
    with pytest.raises(BadAnswer):
        wire.parse_seen(body, 1, hashes=1)
    if body.partition(b"\n")[0].decode("utf-8", "replace") not in list(WhyUnreadable):
        with pytest.raises(BadAnswer):
            wire.parse_unreadable(body)


def test_impossible_signals_are_refused():
    flips = (Pdq(bytes(32), 100),) * 8
    good = Seen(100, 100, "PNG", flips)
    assert wire.parse_seen(wire.format_seen(good), LIMIT, hashes=8) == good
    for bad in (
        Seen(0, 100, "PNG", flips),
        Seen(100_000, 100_000, "PNG", flips),
        Seen(100, 100, "EPS", flips),
        Seen(100, 100, "PNG", (Pdq(bytes(32), 101), *flips[1:])),
    ):
        with pytest.raises(BadAnswer):
            wire.parse_seen(wire.format_seen(bad), LIMIT, hashes=8)
    with pytest.raises(BadAnswer):
        wire.parse_seen(wire.format_seen(good), LIMIT, hashes=1)
