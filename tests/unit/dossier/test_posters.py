"""H8: nothing that would name an account is left, whatever platform, place or log says of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import assume, example, given
from hypothesis import strategies as st

from canaries import forms
from case_summaries import a_removal, entry
from rounds_of_looks import gone_round
from takeback.cases.model import Copy
from takeback.dossier.posters import Names, Statement, named, numbered, without_names
from takeback.events import FoundBy
from takeback.ids import CaseId, EventId, SightingId, TargetId
from takeback.takedown.model import Finding, Round
from takeback_verify.core.rounds import format_round

AT = datetime(2026, 3, 3, 12, tzinfo=UTC)
_NAME = st.text("abcdefghijkmnopqrstuvwxyz0123456789äß小밤._=/", min_size=6, max_size=20)
SENDERS = st.lists(st.builds("@{}:{}.example".format, _NAME, st.sampled_from("ab")), min_size=1, max_size=3)
PUT = st.sampled_from(["{}", "403 by {}", "x{}y", "redacted by {} ({{}})"])


def copy(number: int, sender: str, place: str = "!square:a.example") -> Copy:
    return Copy(
        CaseId(UUID(int=1)), SightingId(number), "matrix", place, f"$m{number}", "mxc://a/b", sender, AT, AT,
        None, FoundBy.LIVE, None, excluded=False,
    )  # fmt: skip


def round_of(number: int, seen: str) -> Round:
    whole = gone_round(number=number)
    looks = (replace(whole.looks[0], seen=seen), *whole.looks[1:])
    series = format_round(replace(whole, looks=looks))
    return Round(
        TargetId(UUID(whole.target)), SightingId(1), number, AT, Finding.GONE, (), (), series, EventId(1)
    )


@given(SENDERS, PUT, st.integers(0, 9))
@example(["@小明明明明:a.example"], "{}", 0)
def test_no_form_of_a_name_is_left_in_entries_rounds_and_places(senders, put, which):
    """H8: hexadecimal, per cent, base64 and the plain form, wherever a platform may have put them."""
    spelt = [form.decode("latin-1") for form in forms(senders[0])]
    text = put.format(senders[0] if which == 0 else spelt[which % (len(spelt) - 4)])
    assume("\\" not in text)
    target = gone_round().target
    told = Statement(
        (),
        (round_of(0, "404"), round_of(1, text)),
        (
            entry(1, "rechecked", target=target, round=0, finding="gone", series="0"),
            entry(2, "rechecked", target=target, round=1, finding="gone", series="1"),
            entry(3, "found_gone", target=target, round=1),
            entry(4, "capture_failed", sighting=1, reason=text),
            entry(5, "investigation_started", connector="m", place=f"!{senders[0][1:8]}", ends_at="x"),
            entry(6, "decided", decision="d", verdict="shared_without_consent", effective_at="x"),
        ),
        a_removal(),
    )
    left = without_names(told, senders, lambda _: b"")
    if which == 0:
        assert [each.opening.kind for each in left.entries][-1:] == ["decided"]
        assert left.rounds == left.removals == ()
    shown = json.dumps([dict(each.opening.body) for each in left.entries], ensure_ascii=False).encode()
    shown += b"".join(each.series for each in left.rounds)
    for form in forms(senders[0]):
        assert form.lower() not in shown.lower()


@given(SENDERS)
def test_each_account_has_one_number_and_a_place_that_names_it_is_left_out(senders):
    copies = [copy(n, sender) for n, sender in enumerate(senders)]
    copies.append(copy(99, senders[0], place=f"!{senders[0][1:]}"))
    told = numbered(copies)
    assert told[-1].place is None
    assert told[-1].poster == told[0].poster == 1
    assert len({each.poster for each in told}) == len(set(senders))
    assert all(isinstance(each.poster, int) for each in told)
    assert [each.poster for each in named(copies)] == [each.sender for each in copies]


def test_a_name_that_is_a_word_of_ours_hides_nothing_of_ours():
    """H8: nobody keeps evidence out of a package by what he calls himself."""
    target = gone_round().target
    told = Statement(
        (),
        (round_of(0, "404"),),
        (
            entry(1, "captured", capture="c", sighting=1, reason="match", exhibit="0"),
            entry(2, "rechecked", target=target, round=0, finding="gone", series="0"),
        ),
        (),
    )
    for name in ("@match:a.example", "@gone:a.example", "@captured:a.example", "404", "0", "@0"):
        assert without_names(told, [name], lambda _: b"") == told


@given(st.text(max_size=3))
def test_a_name_of_a_few_letters_is_looked_for_nowhere(name):
    assert not Names([name]).within(b"anything " + name.encode())
