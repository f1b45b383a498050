"""The certificate's tables, the same in each language but for their labels. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from takeback.dossier.matter import Matter
from takeback.dossier.model import BY_RECEIPT
from takeback.ground.ledger.proofs import ProvenEntry

Labels = Mapping[str, str]

CUSTODY = ("looked", "evidence_accessed")
"""Accesses."""
_ADVERSE = ("capture_failed", "evidence_erased")
_SAID = {BY_RECEIPT: f"{BY_RECEIPT} (the person concerned, by her receipt)"}
"""Words of the log that do not say by themselves who it was."""
_ELSEWHERE = ("watched", "timestamped", *CUSTODY)
"""What is not told as an event: it has a table or a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A table."""

    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...]
    """Of the width, for each column."""


Rows = Cells | str
"""A table, or a sentence in its place."""


def exhibits(matter: Matter, labels: Labels) -> Iterator[Rows]:
    """Each exhibit with the hash values of its parts."""
    if not matter.exhibits:
        yield labels["none"]
    for exhibit in matter.exhibits:
        yield (
            f"{labels['exhibit']} {exhibit.capture} | {labels['connector']}: {exhibit.connector}"
            f" | {labels['reason']}: {exhibit.reason} | {exhibit.software}"
            f" | {labels['posted']}: {exhibit.posted_at:%Y-%m-%d %H:%M:%S}"
            f" | {labels['first_seen']}: {exhibit.first_seen:%Y-%m-%d %H:%M:%S}"
            f" | {labels['captured']}: {exhibit.captured_at:%Y-%m-%d %H:%M:%S}"
        )
        yield Cells(
            (labels["file"], labels["bytes"], labels["hash"]),
            tuple(
                (
                    part.name,
                    f"{part.size:,}",
                    part.sha256.hex() + (f" / {part.commitment.hex()}" if part.commitment else ""),
                )
                for part in exhibit.parts
            ),
            (0.27, 0.11, 0.62),
        )


def events(matter: Matter, labels: Labels) -> Iterator[Rows]:
    """What happened, in the order of the log."""
    yield _entries([e for e in matter.entries if e.opening.kind not in _ELSEWHERE], labels)


def custody(matter: Matter, labels: Labels) -> Iterator[Rows]:
    """Every access."""
    yield _entries(matter.of_kind(*CUSTODY), labels)


def stamps(matter: Matter, labels: Labels) -> Iterator[Rows]:
    """Timestamps that were there when the package was put together."""
    if not matter.stamps:
        yield labels["no_stamps"]
        return
    yield Cells(
        (labels["covers"], labels["authority"], labels["time"]),
        tuple((f"{s.size:,}", s.authority, f"{s.at:%Y-%m-%d %H:%M:%S}") for s in matter.stamps),
        (0.25, 0.45, 0.3),
    )


def removals(matter: Matter, labels: Labels) -> Iterator[Rows]:
    """What the rounds of looks say of each copy; in English, as it was computed."""
    if not matter.removals:
        yield labels["none"]
    elif labels["english"]:
        yield labels["english"]
    for removal in matter.removals:
        yield f"{removal.target}: {removal.sentence}"


def adverse(matter: Matter, labels: Labels) -> Iterator[Rows]:
    """Failed recordings, destroyed evidence, gaps in watching."""
    beats = matter.of_kind("watched")
    against = matter.of_kind(*_ADVERSE)
    gap = sum(int(entry.opening.body["gap_ms"] or 0) for entry in beats)
    if beats:
        yield labels["gap_sentence"].format(
            since=min(str(entry.opening.body["since"]) for entry in beats),
            until=max(str(entry.opening.body["until"]) for entry in beats),
            beats=f"{len(beats):,}",
            gap=f"{gap / 1000:,.1f}",
        )
    if against:
        yield _entries(against, labels)
    elif not gap:
        yield labels["no_adverse"]


def _entries(entries: tuple[ProvenEntry, ...] | list[ProvenEntry], labels: Labels) -> Rows:
    if not entries:
        return labels["none"]
    return Cells(
        (labels["number"], labels["time"], labels["event"], labels["detail"]),
        tuple(
            (
                str(entry.index),
                f"{entry.opening.at:%Y-%m-%d %H:%M:%S}",
                entry.opening.kind,
                ", ".join(
                    f"{name} {_SAID.get(str(value), value)}"
                    for name, value in sorted(entry.opening.body.items())
                    if value is not None
                ),
            )
            for entry in entries
        ),
        (0.08, 0.17, 0.2, 0.55),
    )


TABLES: Mapping[str, Callable[[Matter, Labels], Iterator[Rows]]] = {
    "adverse": adverse,
    "custody": custody,
    "events": events,
    "exhibits": exhibits,
    "removals": removals,
    "stamps": stamps,
}
