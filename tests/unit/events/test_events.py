"""What is written down is read again, and nothing else is."""

import dataclasses
import json
import string
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from every import every
from repository import ROOT
from takeback.events import EVENTS, Decided, EntryBanked, FoundGone, Verdict
from takeback.events.form import body_of, kind_of, parse
from takeback.ids import CaseId, EntryId, ReportId, StaffId, TargetId

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
ANY_FACT = st.sampled_from(EVENTS).flatmap(st.from_type)
GONE = FoundGone(TargetId(UUID(int=1)), CaseId(UUID(int=2)), 3)


@given(ANY_FACT)
def test_an_event_is_read_as_it_was_written(event):
    stored = json.loads(json.dumps(body_of(event)))
    assert parse(kind_of(event), stored) == event
    assert body_of(parse(kind_of(event), stored)) == stored


@every("event", EVENTS, ids=kind_of)
def test_an_event_is_frozen_says_what_it_is_and_has_a_name_of_its_own(event):
    assert event.__dataclass_params__.frozen
    assert event.__doc__
    assert "(" not in event.__doc__.partition("\n")[0].partition(" ")[0]
    assert set(kind_of(event)) <= set(string.ascii_lowercase + "_")
    assert [kind_of(other) for other in EVENTS].count(kind_of(event)) == 1


FIRST_EDITION = json.loads((ROOT / "tests" / "vectors" / "first_edition" / "written.json").read_text())


@given(ANY_FACT, st.data())
def test_an_event_of_the_first_edition_is_read(event, data):
    """With the kind and the fields of that time; those of them that it had added itself may be missing."""
    kind = kind_of(event)
    if kind not in FIRST_EDITION["kinds"]:
        return
    optional = {f.name for f in dataclasses.fields(event) if f.default is not dataclasses.MISSING}
    fields = FIRST_EDITION["kinds"][kind]
    missing = data.draw(st.sets(st.sampled_from(sorted(optional)))) if optional else set()
    body = {name: body_of(event)[name] for name in fields if name not in missing}
    read = parse(kind, body)
    assert {name: value for name, value in body_of(read).items() if name in body} == body
    assert parse(kind, body_of(read)) == read


def test_no_kind_of_the_first_edition_is_forgotten_and_its_rows_are_read():
    assert FIRST_EDITION["kinds"].keys() <= {kind_of(event) for event in EVENTS}
    for kind, body in FIRST_EDITION["events"].items():
        assert body_of(parse(kind, body)) | body == body_of(parse(kind, body))


@given(ANY_FACT, ANY_FACT)
def test_another_kind_of_event_is_not_read_from_its_fields(one, other):
    given, known = ({field.name for field in dataclasses.fields(event)} for event in (one, other))
    needed = {field.name for field in dataclasses.fields(other) if field.default is dataclasses.MISSING}
    if not needed <= given <= known:
        with pytest.raises(ValueError, match="fields"):
            parse(kind_of(other), body_of(one))


@given(ANY_FACT, st.text(max_size=9), st.none() | st.integers() | st.text())
def test_a_field_more_or_less_is_refused(event, name, value):
    body = body_of(event)
    if name not in body:
        with pytest.raises(ValueError, match="fields"):
            parse(kind_of(event), body | {name: value})
    optional = {field.name for field in dataclasses.fields(event) if field.default is not dataclasses.MISSING}
    for missing in body:
        less = {key: kept for key, kept in body.items() if key != missing}
        if missing in optional:  # as an older edition wrote it
            assert getattr(parse(kind_of(event), less), missing) == _default(event, missing)
        else:
            with pytest.raises(ValueError, match="fields"):
                parse(kind_of(event), less)


def _default(event, name) -> object:
    return next(field.default for field in dataclasses.fields(event) if field.name == name)


@given(st.text())
def test_an_unknown_kind_is_refused(kind):
    if kind not in {kind_of(event) for event in EVENTS}:
        with pytest.raises(ValueError, match="unknown kind"):
            parse(kind, {})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANY_FACT, st.data())
def test_any_other_value_is_read_as_itself_or_refused(event, data):
    body = dict(body_of(event))
    name = data.draw(st.sampled_from(sorted(body)))
    body[name] = data.draw(ANYTHING)
    try:
        found = parse(kind_of(event), body)
    except ValueError:
        return
    assert body_of(found) == body


@every(
    "value",
    [
        "00000000000000000000000000000001",
        "{00000000-0000-0000-0000-000000000001}",
        "urn:uuid:00000000-0000-0000-0000-000000000001",
        "00000000-0000-0000-0000-00000000000G",
        1,
        None,
        b"0" * 16,
        UUID(int=1),
    ],
)
def test_an_id_has_one_spelling(value):
    with pytest.raises(ValueError, match="found_gone"):
        parse("found_gone", body_of(GONE) | {"target": value})


@every("value", ["3", 3.0, True, None, 2**80 * 1.0])
def test_a_number_has_one_spelling(value):
    with pytest.raises(ValueError, match="found_gone"):
        parse("found_gone", body_of(GONE) | {"round": value})


@every(
    "value",
    ["2026-01-02", 1767323045, "2026-01-02T03:04:05.000Z", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05"],
)
def test_a_time_has_one_spelling(value):
    decided = Decided(CaseId(UUID(int=1)), UUID(int=2), Verdict.CANNOT_TELL, StaffId(UUID(int=3)), NOON)
    assert body_of(decided)["effective_at"] == "2026-01-02T12:00:00Z"
    with pytest.raises(ValueError, match="decided"):
        parse("decided", body_of(decided) | {"effective_at": value})


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_a_time_of_another_zone_is_written_in_utc():
    at = NOON.astimezone(timezone(timedelta(hours=9)))
    decided = Decided(CaseId(UUID(int=1)), UUID(int=2), Verdict.CANNOT_TELL, StaffId(UUID(int=3)), at)
    assert body_of(decided)["effective_at"] == "2026-01-02T12:00:00Z"
    assert parse("decided", body_of(decided)) == decided


def test_what_is_not_json_at_all_is_refused():
    body = {"entry": object(), "report": str(UUID(int=1))}
    with pytest.raises(ValueError, match="not JSON"):
        parse("entry_banked", body)
    assert body_of(EntryBanked(EntryId(UUID(int=1)), ReportId(UUID(int=2)))).keys() == body.keys()
