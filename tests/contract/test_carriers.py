"""Every carrier that we know of, posted to a real Synapse, is seen; or it stands in docs/carriers.md why not.

`RENEW=1` writes the page anew.
"""

import os
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from carrier_messages import MESSAGES, TEXTS
from carrier_states import ADDRESSES, SEALED, STATES
from carriers import Stage, Tried
from carriers_page import page
from platforms import MatrixPlatform, picture
from takeback.connectors.api import Connector, Media, UnseenKind
from takeback.errors import PlatformError, Unreadable
from watching import Watching

PAGE = Path(__file__).parents[2] / "docs" / "carriers.md"
SECTIONS = (
    ("Messages on Matrix", MESSAGES),
    ("Texts of messages", TEXTS),
    ("Spellings of an address", ADDRESSES),
    ("Encrypted files whose key stands in the event", SEALED),
    ("State of a room", STATES),
)
EVERY = tuple(tried for _, section in SECTIONS for tried in section)
FILES = import_module("file_carriers").CARRIERS if find_spec("file_carriers") else ()
"""What lies within files is tried by tests/integration/signals/test_file_carriers.py."""
MOST = 10_000_000


@dataclass(frozen=True)
class Outcome:
    """What became of one carrier."""

    shown: bool
    said: frozenset[str]


@pytest.fixture(scope="module")
def outcomes(matrix: MatrixPlatform) -> dict[str, Outcome]:
    """Half of the carriers is there before anybody watches, the other half is posted meanwhile."""
    user = matrix.someone("painter")
    room = user.create_room("carriers")
    connector = matrix.connect()
    watching = Watching()
    posted = dict[str, tuple[str, str, bytes]]()

    def post(these: tuple[Tried, ...]) -> None:
        for tried in these:
            data = picture()
            posted[tried.carrier.name] = (
                *tried.post(Stage(matrix.origin, matrix.admin.token, user, room, data)),
                data,
            )

    post(EVERY[::2])
    watching.until_quiet(connector)
    post(EVERY[1::2])
    last = user.post_picture(room, picture(), "image/png")[0]
    watching.until_seen(connector, room, {last})
    watching.until_quiet(connector)
    found = {
        name: Outcome(
            any(_fetched(connector, media.address) == data for media in _media(watching, place, message)),
            frozenset(each.why for each in watching.unseen if each.message == message),
        )
        for name, (place, message, data) in posted.items()
    }
    assert {each.kind for each in watching.unseen} <= {UnseenKind.ADDRESS}
    connector.close()
    user.close()
    return found


def _media(watching: Watching, place: str, message: str) -> tuple[Media, ...]:
    post = watching.posts.get((place, message))
    return () if post is None else post.media


def _fetched(connector: Connector, address: str) -> bytes | None:
    try:
        return connector.fetch(address, MOST)
    except (PlatformError, Unreadable):
        return None


@pytest.mark.parametrize("tried", EVERY, ids=lambda tried: tried.carrier.name)
def test_what_people_are_shown_is_seen(tried: Tried, outcomes: dict[str, Outcome]):
    """Carriers: what an ordinary client shows is compared."""
    outcome = outcomes[tried.carrier.name]
    assert outcome.shown is tried.carrier.seen, outcome
    assert bool(tried.carrier.why) is not tried.carrier.seen
    if tried.said:
        assert tried.said in outcome.said
    elif tried.carrier.seen:
        assert not outcome.said, "nothing is said of what is followed"


def test_each_carrier_has_a_name_of_its_own_and_few_are_not_seen():
    """Carriers: at most one in ten unseen, each named."""
    assert len({tried.carrier.name for tried in EVERY}) == len(EVERY)
    every = [*(tried.carrier for tried in EVERY), *FILES]
    assert sum(not carrier.seen for carrier in every) * 10 <= len(every)


def test_the_page_says_what_was_tried():
    sections = [(title, [tried.carrier for tried in section]) for title, section in SECTIONS]
    said = page([*sections, *([("Within a file", FILES)] if FILES else [])])
    if os.environ.get("RENEW"):
        PAGE.write_text(said)
    assert PAGE.read_text() == said, "run this test with RENEW=1"
