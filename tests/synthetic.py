"""Pictures and entries made of nothing but their hashes, and the truth about which of them are the same."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from made_flips import made_flips
from takeback.connectors.api import Media, Post
from takeback.sightings.model import Seen
from takeback.signals.model import (
    HASH_BYTES,
    REVIEW_RADIUS,
    Box,
    ClipSignals,
    Cut,
    Frame,
    Pdq,
    PictureSignals,
    Variant,
)

POSTED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def an_image(dots: random.Random) -> tuple[bytes, ...]:
    """The hashes of the eight flips of one picture."""
    return made_flips(dots)


def bent(value: bytes, bits: int, dots: random.Random) -> bytes:
    """The hash with so many bits turned over."""
    number = int.from_bytes(value)
    for bit in dots.sample(range(256), bits):
        number ^= 1 << bit
    return number.to_bytes(HASH_BYTES)


def signals(value: bytes) -> PictureSignals:
    """What a decoder says of a picture with this hash."""
    return PictureSignals(sha256=value, whole=Pdq(value, 100), width=64, height=64, format="PNG")


def seen(place: str, number: int, value: bytes) -> Seen:
    """A post with one picture, and its reading."""
    media = f"media/{number}"
    return Seen(Post(place, f"${number}", "@poster", POSTED_AT, (Media(media),)), media, signals(value))


def collage(place: str, number: int, whole: bytes, *parts: bytes, doubt: int = 0) -> Seen:
    """A post with one picture that shows others in it."""
    made = seen(place, number, whole)
    variants = tuple(Variant(Cut.PANEL, Box(1, 2, 30, 40), Pdq(part, 90)) for part in parts)
    assert isinstance(made.reading, PictureSignals)
    return replace(made, reading=replace(made.reading, variants=variants, doubt=doubt))


def clip(place: str, number: int, *values: bytes) -> Seen:
    """A post with one clip of a moment each second."""
    frames = tuple(Frame(n * 1000, Pdq(value, 80)) for n, value in enumerate(values))
    made = seen(place, number, bytes(HASH_BYTES))
    return replace(made, reading=ClipSignals(bytes(HASH_BYTES), 64, 48, "MP4", 9000, frames))


def is_same(value: bytes, flips: tuple[bytes, ...]) -> bool:
    """Whether a picture shows an entry, or may, by the definition: bit for bit, each flip, the negative."""
    bits = np.unpackbits(np.frombuffer(value, np.uint8))
    rows = np.unpackbits(np.frombuffer(b"".join(flips), np.uint8)).reshape(len(flips), -1)
    apart = (rows != bits).sum(axis=1)
    return bool(min(apart.min(), (256 - apart).min()) <= REVIEW_RADIUS)


def truth(database, place_like: str = "%", exact: Mapping[str, bytes] | None = None) -> tuple[set, set]:
    """(pairs that must be there, pairs that may be there), by brute force over what was committed.

    A pair may be there without having to if its entry was withdrawn. Those that only may be the same count.
    Hashes that may be wrong count for nothing: `exact` says what is shown by the media's address.
    """
    with database.transaction() as tx:
        pictures = tx.execute(
            "select id, hash, media from sightings_post where hash is not null and place like %s",
            [place_like],
        ).fetchall()
        pictures = [(sighting, (exact or {}).get(media, value)) for sighting, value, media in pictures]
        entries = tx.execute(
            "select e.id, e.status, array_agg(s.hash order by s.flip) from bank_entry e"
            " join bank_signal s on s.entry_id = e.id group by e.id"
        ).fetchall()
    if not pictures or not entries:
        return set(), set()
    bits = np.unpackbits(np.frombuffer(b"".join(value for _, value in pictures), np.uint8)).reshape(-1, 256)
    must, may = set(), set()
    for entry, status, flips in entries:
        rows = np.unpackbits(np.frombuffer(b"".join(flips), np.uint8)).reshape(-1, 256)
        apart = np.stack([(bits != row).sum(axis=1) for row in rows])
        same = np.minimum(apart.min(axis=0), (256 - apart).min(axis=0)) <= REVIEW_RADIUS
        pairs = {(pictures[n][0], entry) for n in np.flatnonzero(same)}
        may |= pairs
        must |= pairs if status != "withdrawn" else set()
    return must, may


def matches(database, place_like: str = "%") -> tuple[list, list]:
    """(pairs that were written down, pairs that an event speaks of), sorted, with all their doubles."""
    with database.transaction() as tx:
        written = tx.execute(
            "select sighting_id, entry_id from matching_match m join sightings_post p on p.id = m.sighting_id"
            " where p.place like %s order by 1, 2",
            [place_like],
        ).fetchall()
        told = tx.execute(
            "select p.id, (f.body ->> 'entry')::uuid from event f"
            " join sightings_post p on p.id = (f.body ->> 'sighting')::bigint"
            " where f.kind = 'matched' and p.place like %s order by 1, 2",
            [place_like],
        ).fetchall()
    return written, told
