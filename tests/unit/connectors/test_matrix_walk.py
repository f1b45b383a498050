"""One walk over whatever a stranger wrote."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encrypted_files import encrypted
from every import every
from matrix_spellings import IDS, SERVERS, spellings
from takeback.connectors.matrix.addresses import format_address, key_of, with_key
from takeback.connectors.matrix.encrypted import read_keys
from takeback.connectors.matrix.walk import MOST_MEDIA, MOST_WHYS, walk

NAMES = st.text(max_size=8) | st.sampled_from(
    ["url", "file", "info", "body", "m.new_content", "key", "k", "iv"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def holders(value: object) -> list[object]:
    """Everything that something can be put into."""
    found, waiting = [], [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict | list):
            found.append(here)
            waiting += here.values() if isinstance(here, dict) else here
    return found


def plant(data: st.DataObject, value: object, spelled: object) -> object:
    """The same value with something more in it, anywhere."""
    places = holders(value)
    if not places:
        return spelled
    place = data.draw(st.sampled_from(places))
    if isinstance(place, dict):
        place[data.draw(NAMES.filter(lambda name: name != "key"))] = spelled
    elif isinstance(place, list):
        place.insert(data.draw(st.integers(0, len(place))), spelled)
    return value


@given(st.data(), JSON, SERVERS, IDS)
def test_an_address_is_found_wherever_it_stands(
    data: st.DataObject, value: object, server: str, identity: str
):
    """Carriers: every field of every type of event, in every spelling that clients follow."""
    planted = plant(data, value, data.draw(spellings(server, identity)))
    sent = json.loads(json.dumps(planted))  # which writes \\ud83d and the like, and reads them back
    assert format_address(server.lower(), identity) in walk(sent).media


@given(st.data(), JSON, IDS)
def test_an_encrypted_file_is_found_wherever_it_stands(data: st.DataObject, value: object, identity: str):
    """Carriers: `file`, `thumbnail_file` and their kin, whatever stands beside them."""
    address = format_address("demo.invalid", identity)
    _, file = encrypted(b"data")
    planted = plant(data, value, file | {"url": address})
    assert with_key(address, read_keys(file)[0]) in walk(planted).media


@given(st.data(), IDS)
def test_escapes_of_json_hide_nothing(data: st.DataObject, identity: str):
    address = f"mxc://demo.invalid/{identity}"
    escaped = "".join(f"\\u{ord(each):04x}" if data.draw(st.booleans()) else each for each in address)
    assert address in walk(json.loads(f'{{"a": ["{escaped}"]}}')).media


@given(JSON)
def test_nothing_stops_the_walk(value: object):
    walked = walk(value)
    assert all(why.isprintable() and len(why) < 400 for why in walked.unseen)


def test_a_harmless_address_beside_an_encrypted_file_hides_nothing():
    """Carriers: a harmless `url` beside `file`; some clients show the one, some the other."""
    _, file = encrypted(b"data")
    content = {"msgtype": "m.image", "url": "mxc://a/harmless", "file": file | {"url": "mxc://a/sealed"}}
    found = list(walk(content).media)
    assert [key_of(each) is not None for each in found] == [False, True]


def test_the_same_file_with_two_keys_is_two_pictures():
    one, other = (encrypted(b"data", bytes([n]) * 32)[1] | {"url": "mxc://a/b"} for n in (1, 2))
    assert len(walk({"file": one, "info": {"thumbnail_file": other}}).media) == 2


def test_a_key_in_the_message_itself_does_not_seal_its_address():
    """Clients show `content.url` as it is, whatever else stands in the content."""
    _, file = encrypted(b"data")
    found = list(walk({"msgtype": "m.image", **file, "url": "mxc://a/b"}).media)
    assert "mxc://a/b" in found


def test_a_broken_key_is_said_and_its_address_read_plain():
    _, file = encrypted(b"data")
    walked = walk({"file": file | {"url": "mxc://a/b", "iv": "short"}})
    assert list(walked.media) == ["mxc://a/b"]
    assert list(walked.unseen) == ["a key that no client takes in content.file"]


def test_what_clients_show_first_is_not_pushed_out_by_a_crowd():
    crowd = {f"a{number:04}": f"mxc://demo.invalid/{number}" for number in range(MOST_MEDIA * 2)}
    address = "mxc://demo.invalid/{}".format
    shown = {"url": address("url"), "info": {"thumbnail_url": address("thumbnail")}}
    shown["file"] = encrypted(b"data")[1] | {"url": address("sealed")}
    content = crowd | shown | {"m.new_content": {"crowd": crowd, **shown, "url": address("edit")}}
    walked = walk(content | {"deep": [[[address("deep")]]]})
    found = {each.partition("#")[0] for each in walked.media}
    assert found >= {address(name) for name in ("url", "thumbnail", "sealed", "edit")}
    assert len(walked.media) <= MOST_MEDIA + 4
    assert list(walked.unseen) == [f"more than {MOST_MEDIA} addresses of media in one event"]


@every(
    "piece",
    [
        *(
            "mxc://",
            "mxc://a/b ",
            "../",
            "a/",
            "src=",
            "src= ",
            ' src="',
            "=",
            "='",
            "= ",
            "&#109;",
            "mxc:%41",
            "&",
        ),
        *(
            "http://",
            "https://a.jp ",
            "/_matrix/media/",
            "data:image/",
            "<img src='mxc://a/b'>",
            " ",
            "\n",
            "//",
        ),
    ],
)
@every("around", ["{}", "src={}//", "mxc://{}", "mxc:={}//", "<img src='{}mxc://a/b'>"])
def test_no_text_of_an_events_length_takes_long(piece: str, around: str):
    """A second would be the work of fifty thousand ordinary events."""
    text = around.format(piece * (65_536 // len(piece)))
    began = time.process_time()
    walk({"body": text, "formatted_body": text})
    assert time.process_time() - began < 1


def test_depth_is_no_hiding_place():
    value: object = "mxc://demo.invalid/deep"
    for _ in range(50_000):
        value = [value]
    assert "mxc://demo.invalid/deep" in walk(value).media


def test_what_exceeds_the_bound_is_said():
    walked = walk([[] for _ in range(80_000)])
    assert list(walked.unseen) == ["more than 70000 values in one event"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"url": "https://example.org/x"}, "an address on the web in content.url"),
        (
            {"info": {"thumbnail_url": "http://example.org/x"}},
            "an address on the web in content.info.thumbnail_url",
        ),
        ({"body": "see https://example.org/a.JPG?x=1"}, "an address on the web in content.body"),
        (
            {"formatted_body": "<img src='https://example.org/x'>"},
            "an address on the web in content.formatted_body",
        ),
        ({"formatted_body": "<img src=//example.org/x>"}, "an address on the web in content.formatted_body"),
        ({"og:image": "https://example.org/x"}, "an address on the web in content.og:image"),
        ({"url": "mxc://nothing"}, "an mxc address that is not understood in content.url"),
        (
            {"formatted_body": '<img src="data:image/png;base64,AAAA">'},
            "a picture written out in the event itself in content.formatted_body",
        ),
        (
            {"bad \n\0 name": {"url": "mxc://"}},
            "an mxc address that is not understood in content.bad????name.url",
        ),
    ],
)
def test_what_is_not_followed_is_said(content: object, said: str):
    walked = walk(content)
    assert list(walked.unseen) == [said]
    assert walked.media == {}


@pytest.mark.parametrize(
    "content",
    [
        {"body": "hello, see https://example.org/ and a.jpg"},
        {"external_url": "https://t.example/message/1"},
        {"matched_url": "https://example.org/page", "og:url": "https://example.org/page"},
        {"avatar_url": "", "url": None},
        {"body": "50 % & more // done", "m.mentions": {}},
    ],
)
def test_ordinary_words_are_not_said(content: object):
    walked = walk(content)
    assert (walked.media, walked.unseen) == ({}, {})


def test_a_flood_of_what_is_not_followed_is_said_briefly():
    walked = walk({f"x{number}": {"url": "https://example.org/"} for number in range(1000)})
    assert len(walked.unseen) == MOST_WHYS + 1
