"""Addresses as strangers spell them, read as clients follow them."""

import html
import string
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from every import every
from matrix_spellings import IDS, SERVERS, spellings
from takeback.connectors.matrix.addresses import (
    addresses_in,
    format_address,
    key_of,
    media_path,
    read_spelling,
    with_key,
    without_key,
)
from takeback.connectors.matrix.encrypted import FileKey

KEYS = st.builds(
    FileKey,
    st.sampled_from([64, 128]),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=16, max_size=16),
    st.none() | st.binary(min_size=32, max_size=32),
)
ODD_IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=255).filter(
    lambda each: each not in {".", ".."}
)


@given(SERVERS, ODD_IDS, st.none() | KEYS)
def test_the_stored_form_is_read_back(server: str, identity: str, key: FileKey | None):
    bare = format_address(server, identity)
    address = bare if key is None else with_key(bare, key)
    assert media_path(address) == (server, identity)
    assert key_of(address) == key
    assert without_key(address) == bare
    assert address.isascii()
    assert address.isprintable()


@given(SERVERS, st.text(string.ascii_letters + string.digits + "_=~.-", min_size=1, max_size=255))
def test_what_was_stored_before_keeps_its_spelling(server: str, identity: str):
    if identity not in {".", ".."}:
        assert format_address(server, identity) == f"mxc://{server}/{identity}"


@every(
    "address",
    [
        *(
            "",
            "mxc://",
            "mxc://server",
            "mxc://server/",
            "mxc://server/../x",
            "mxc://server/..",
            "mxc://server/a?b",
        ),
        *("mxc://server/a b", "mxc://ser\0ver/a", "https://server/a", "mxc://server/" + "a" * 300),
        *("mxc://server/a\n", "mxc://server/%61", "mxc://server/%2f", "MXC://server/a", "mxc://server/a#"),
        *("mxc://server/a#ctr64", "mxc://server/a#ctr64.AA.AA.", "mxc://server/a#b", "mxc://server/a\ud800"),
    ],
)
def test_only_the_stored_form_is_an_address_here(address: str):
    assert media_path(address) is None


@given(st.text())
def test_no_text_breaks_the_readers(written: str):
    for read in (media_path, read_spelling, addresses_in, key_of):
        read(written)
        read("mxc://" + written)


@given(st.data(), SERVERS, IDS)
def test_every_spelling_that_clients_follow_leads_to_the_same_media(
    data: st.DataObject, server: str, identity: str
):
    """Carriers: an address with a query, a fragment, a slash, a blank, percent signs, capital letters."""
    spelled = data.draw(spellings(server, identity))
    assert format_address(server.lower(), identity) in read_spelling(spelled)
    found, understood = addresses_in(spelled)
    assert format_address(server.lower(), identity) in found
    assert understood


@given(SERVERS, IDS)
def test_two_readings_of_a_servers_name_are_both_followed(server: str, identity: str):
    expected = {format_address(server, identity), format_address(server.lower(), identity)}
    assert set(read_spelling(f"mxc://{server}/{identity}")) == expected


@every(
    "written",
    [
        *(
            "",
            "mxc",
            "mxc:",
            "mxc://",
            "mxc:///id",
            "mxc://server",
            "mxc://server/",
            "mxc://server/..",
            "x mxc",
        ),
        *("mxc://server?/id", "mxc://server#/id", "mxc://ser\0ver/id", "mxc://b\u00fccher.example/id"),
        *("mxc:server/id", "https://server/id", "mxc://server/" + "a" * 256, "mxc://server/../../../../x/y"),
    ],
)
def test_what_no_client_follows_is_no_address(written: str):
    assert read_spelling(written) == ()


@every(
    "wrapped",
    [
        "<img src='{0}'>",
        '<img data-mx-emoticon src="{0}" alt=":x:">',
        "<IMG\nSRC = '\t{0}\n'>",
        "<img src={0}>",
        "<video poster='{0}'></video>",
        '<span style="background: url({0})">',
        "words before {0}, and after",
        "Look: {0}.",
        "https://widget.example/?picture={0}",
        "<img src='{1}'>",
        "https://widget.example/?picture={2}",
        "https://chat.example/_matrix/media/v3/download/{3}",
        "https://chat.example/_matrix/client/v1/media/thumbnail/{3}?width=8&height=8",
        "[words](https://chat.example/_matrix/media/r0/download/{3}/name.jpg)",
    ],
)
def test_an_address_within_a_text_is_found(wrapped: str):
    """Carriers: pictures in formatted text, in widgets, behind links to the homeserver's own files."""
    bare = "demo.invalid/AbCdEfGh"
    entities = "".join(f"&#{ord(letter)};" for letter in "mxc://" + bare)
    text = wrapped.format("mxc://" + bare, entities, quote("mxc://" + bare, safe=""), bare)
    assert addresses_in(text)[0][:1] == ("mxc://" + bare,)


@given(SERVERS, IDS, st.text(st.sampled_from("\t\n\r"), max_size=3))
def test_html_hides_nothing(server: str, identity: str, between: str):
    address = f"mxc://{server}/{between.join(identity)}"
    text = f'<img alt="x" src="{html.escape(address)}">'
    assert format_address(server, identity) in addresses_in(text)[0]


@every("written", ["mxc://", "mxc:///", "see mxc://demo.invalid", "<img src='mxc://x/..'>"])
def test_an_address_that_nobody_follows_is_not_passed_over_in_silence(written: str):
    assert addresses_in(written) == ((), False)
