"""Links to Matrix messages, as people paste them."""

import re
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.connectors.matrix.links import FORMS, MessageName, format_link, parse

BASE64URL = st.text("ABCXYZabcxyz0189-_", min_size=1, max_size=43)
BASE64 = st.text("ABCXYZabcxyz0189+/", min_size=1, max_size=43)
SERVERS = st.sampled_from(["demo.invalid", "matrix.example.org:8448", "[2001:db8::1]:443", "10.0.0.1"])
EVENTS = st.one_of(
    BASE64URL.map("${}".format),
    BASE64.map("${}".format),
    st.builds("${}:{}".format, st.text("abcXYZ019", min_size=1, max_size=20), SERVERS),
)
ALIASES = st.builds("#{}:{}".format, st.text("abcäöü漢字-_.=%&+", min_size=1, max_size=20), SERVERS)
ROOMS = st.one_of(
    BASE64URL.map("!{}".format),
    st.builds("!{}:{}".format, st.text("abcXYZ019", min_size=1, max_size=20), SERVERS),
    ALIASES,
)
NAMES = st.builds(MessageName, EVENTS, st.none() | ROOMS)


@given(NAMES)
def test_what_is_written_is_read_back(name: MessageName):
    assert parse(format_link(name)) == name


@given(EVENTS, ROOMS, st.sampled_from(["", "?via=demo.invalid", "?via=a.example&via=b.example"]))
def test_a_client_address_is_read_like_a_matrix_to_link(event: str, room: str, via: str):
    fragment = f"{quote(room, safe='')}/{quote(event, safe='')}{via}"
    expected = MessageName(event, room)
    assert parse(f"https://matrix.to/#/{fragment}") == expected
    assert parse(f"https://app.example.org/somewhere/#/room/{fragment}") == expected


@given(EVENTS, ROOMS)
def test_a_matrix_address_is_read(event: str, room: str):
    kind = "roomid" if room.startswith("!") else "r"
    link = f"matrix:{kind}/{quote(room[1:], safe='')}/e/{quote(event[1:], safe='')}?via=demo.invalid"
    assert parse(link) == MessageName(event, room)


@given(EVENTS, ROOMS, st.sampled_from([" ", "\n", ", ", "\t"]))
def test_room_and_event_side_by_side_are_read(event: str, room: str, between: str):
    assert parse(f" {room}{between}{event} ") == MessageName(event, room)


@given(st.text())
def test_any_text_is_read_without_harm_and_means_what_it_meant_before(text: str):
    name = parse(text)
    if name is not None:
        assert parse(format_link(name)) == name


@given(st.text("$!#:/?%matrixo. \0abc", max_size=60))
def test_text_made_of_the_right_letters_does_no_harm(text: str):
    name = parse(text)
    if name is not None:
        assert parse(format_link(name)) == name


@every(
    "text",
    [
        "",
        "hello",
        "$",
        "!room:demo.invalid",
        "#alias:demo.invalid",
        "@user:demo.invalid",
        "mxc://demo.invalid/AbCdEf",
        "https://matrix.to/",
        "https://matrix.to/#/!room:demo.invalid",
        "https://matrix.to/#/@user:demo.invalid",
        "https://example.org/$event",
        "ftp://matrix.to/#/!room/$event",
        "javascript:alert(1)#/!room/$event",
        "matrix:u/user:demo.invalid",
        "matrix:roomid/room:demo.invalid",
        "matrix:roomid/room/x/event",
        "https://matrix.to/#/!room/$event\0",
        "https://matrix.to/#/!room/../../etc",
        "$" + "a" * 300,
        "https://matrix.to/#/!r/$" + "a" * 5000,
        "https://[bad/#/!room/$event",
    ],
)
def test_what_names_no_message_is_none(text: str):
    assert parse(text) is None


def test_an_event_id_of_room_version_3_keeps_its_slashes():
    event = "$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk"
    assert parse(f"https://matrix.to/#/!room:demo.invalid/{event}") == MessageName(
        event, "!room:demo.invalid"
    )


FOLLOWED = re.compile("|".join(f"(?:{form})" for form in FORMS))
"""As the portal is given it."""
EVENT, ROOM = re.compile(r"\$[A-Za-z0-9+/=_.:\[\]-]{1,254}"), re.compile(r"[!#][^\s\0/?]{1,254}")


def names_a_message(line: str) -> bool:
    return FOLLOWED.fullmatch(line) is not None


FITTING = st.one_of(*(st.from_regex(form, fullmatch=True) for form in FORMS)).map(str.strip)


@given(FITTING)
def test_whatever_fits_a_form_names_a_message(line: str):
    """H4: the portal is given the forms; what it calls followable, the connector recognises."""
    name = parse(line)
    assert (name is not None) == names_a_message(line)
    if name is not None:
        assert EVENT.fullmatch(name.event)
        assert name.room is None or ROOM.fullmatch(name.room)


@given(
    st.one_of(st.text(), st.text("$!#:/?%matrixo. \0abc2F40", max_size=60), FITTING),
    st.integers(0, 80),
    st.text(max_size=3),
)
def test_whatever_names_a_message_fits_a_form(line: str, at: int, inserted: str):
    """H4: and what the connector recognises, the portal calls followable."""
    changed = (line[:at] + inserted + line[at:]).strip()
    assert (parse(changed) is not None) == names_a_message(changed)


@given(EVENTS, ROOMS)
def test_the_ways_in_which_people_name_a_message_fit(event: str, room: str):
    """H4."""
    in_room, in_event = quote(room, safe=""), quote(event, safe="")
    kind, name = ("roomid" if room.startswith("!") else "r"), quote(room[1:], safe="")
    ways = (
        event,
        f"{room} {event}",
        format_link(MessageName(event, room)),
        f"https://app.example.org:8443/web/?lang=en#/room/{in_room}/{in_event}?via=a.example",
        f"matrix:{kind}/{name}/e/{in_event.removeprefix('%24')}?via=demo.invalid",
    )
    assert [way for way in ways if not names_a_message(way)] == []
