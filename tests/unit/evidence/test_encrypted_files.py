"""A file that travels encrypted, as evidence: what is shown goes to reviewers, what was fetched is kept."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence import People, a_sealer, everything_on_disk, opened
from takeback.connectors.api import Exchange, Recording, Target
from takeback.connectors.matrix.recording import LIKENESSES
from takeback.events import CapturedFor
from takeback.evidence.model import Exhibit, Subject, Wanted
from takeback.evidence.service import new_capture
from takeback.ids import SightingId

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "c2VjcmV0LXNlY3JldC1zZWNyZXQ"
BARE = "mxc://demo.invalid/sealed"
EVENT = f'{{"content":{{"file":{{"url":"{BARE}","key":{{"k":"{KEY}"}}}}}},"event_id":"$m"}}'.encode()


def exchange(body: bytes) -> Exchange:
    return Exchange(AT, "GET", "https://chat.example/x", (), 200, "OK", (), body)


def recording(shown: bytes | None) -> Recording:
    return Recording(
        Target("!a", "$m", f"{BARE}#{KEY}"),
        "@ann",
        AT,
        (exchange(EVENT), exchange(b"ciphertext")),
        1,
        likenesses=LIKENESSES,
        bare_media=BARE,
        encrypted=True,
        opened=shown,
    )


def test_the_picture_is_what_people_are_shown():
    assert recording(b"shown").picture == b"shown"
    assert recording(None).picture is None


@pytest.mark.parametrize("minor", [False, True])
def test_a_suspected_minors_exhibit_holds_no_key(tmp_path: Path, minor: bool):
    """Where digests alone are kept, nothing that is kept opens the file that the platform may still have."""
    people = People()
    sealer = a_sealer(tmp_path, people)
    subject = Subject(SightingId(1), "matrix", "!a", "$m", f"{BARE}#{KEY}", AT, AT)
    wanted = Wanted(new_capture(), subject, CapturedFor.MATCH, minor, AT)
    sealed = sealer.seal(wanted, (), recording(b"shown"), AT)
    exhibit = Exhibit(wanted.capture, SightingId(1), sealed.document, sealed.parts, AT, erased=False)
    parts = opened(sealer, exhibit, people.lawyer)
    said = parts["sealed/message.json.age"]
    assert BARE.encode() in said
    assert (KEY.encode() in said) is not minor
    assert KEY.encode() not in everything_on_disk(tmp_path)
