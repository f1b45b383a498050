"""The certificate's tables, the same in each language but for their words. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from takeback.dossier.case_summary import CaseSummary
from takeback.dossier.model import BY_RECEIPT
from takeback.dossier.pdf_table import Cell
from takeback.dossier.wording import Wording
from takeback.infra.ledger.proofs import ProvenEntry
from takeback.takedown.telling import told
from takeback.zones import NAME, offset

CUSTODY = ("looked", "evidence_accessed")
"""Accesses."""
_ADVERSE = ("capture_failed", "evidence_erased")
_ELSEWHERE = ("watched", "timestamped", *CUSTODY)
"""What is not told as an event: it has a table or a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A table."""

    head: tuple[Cell, ...]
    lines: tuple[tuple[Cell, ...], ...]
    shares: tuple[float, ...]
    """Of the width, for each column."""


Rows = Cells | str
"""A table, or a sentence in its place."""


def copies(summary: CaseSummary, words: Wording) -> Iterator[Rows]:
    """Return where each copy was posted, and by whom."""
    labels = words.labels
    if not summary.copies:
        return
    yield labels["copies_said"]
    if summary.left_out is not None:
        yield labels["names_left_out"].format(entries=f"{summary.left_out:,}")
    yield Cells(
        (labels["copy"], labels["place"], labels["message"], labels["poster"], labels["posted"]),
        tuple(
            (
                f"{copy.sighting}",
                f"{copy.connector}: {copy.place or labels['left_out']}",
                copy.message or labels["left_out"],
                copy.poster
                if isinstance(copy.poster, str)
                else labels["poster_number"].format(number=copy.poster),
                _time(copy.posted_at, summary),
            )
            for copy in summary.copies
        ),
        (0.09, 0.25, 0.25, 0.24, 0.17),
    )


def exhibits(summary: CaseSummary, words: Wording) -> Iterator[Rows]:
    """Each exhibit with the hash values of its parts."""
    labels = words.labels
    if not summary.exhibits:
        yield labels["none"]
    for exhibit in summary.exhibits:
        yield (
            f"{labels['exhibit']} {exhibit.capture} | {labels['connector']}: {exhibit.connector}"
            f" | {labels['reason']}: {exhibit.reason} | {exhibit.software}"
            f" | {labels['posted']}: {words.moment(exhibit.posted_at, summary.zone)}"
            f" | {labels['first_seen']}: {words.moment(exhibit.first_seen, summary.zone)}"
            f" | {labels['captured']}: {words.moment(exhibit.captured_at, summary.zone)}"
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


def events(summary: CaseSummary, words: Wording) -> Iterator[Rows]:
    """Return what happened, in the order of the log."""
    yield _entries([e for e in summary.entries if e.opening.kind not in _ELSEWHERE], summary, words)


def custody(summary: CaseSummary, words: Wording) -> Iterator[Rows]:
    """Every access."""
    yield _entries(summary.of_kind(*CUSTODY), summary, words)


def stamps(summary: CaseSummary, words: Wording) -> Iterator[Rows]:
    """Timestamps that were there when the package was put together."""
    labels = words.labels
    if not summary.stamps:
        yield labels["no_stamps"]
        return
    yield Cells(
        (labels["covers"], labels["authority"], _time_label(summary, words)),
        tuple((f"{s.size:,}", s.authority, _time(s.at, summary)) for s in summary.stamps),
        (0.25, 0.45, 0.3),
    )


def removals(summary: CaseSummary, words: Wording) -> Iterator[Rows]:
    """Return what the rounds of looks say of each copy."""
    if not summary.removals:
        yield words.labels["none"]
    for removal in summary.removals:
        yield f"{removal.target}: {told(removal.clauses, words.phrases, summary.zone)}"


def adverse(summary: CaseSummary, words: Wording) -> Iterator[Rows]:
    """Failed recordings, destroyed evidence, gaps in watching."""
    beats = summary.of_kind("watched")
    against = summary.of_kind(*_ADVERSE)
    gap = sum(int(entry.opening.body["gap_ms"] or 0) for entry in beats)
    if beats:
        since = min(datetime.fromisoformat(str(entry.opening.body["since"])) for entry in beats)
        until = max(datetime.fromisoformat(str(entry.opening.body["until"])) for entry in beats)
        yield words.labels["gap_sentence"].format(
            since=words.moment(since, summary.zone),
            until=words.moment(until, summary.zone),
            beats=f"{len(beats):,}",
            gap=f"{gap / 1000:,.1f}",
        )
    if against:
        yield _entries(against, summary, words)
    elif not gap:
        yield words.labels["no_adverse"]


def _entries(
    entries: tuple[ProvenEntry, ...] | list[ProvenEntry], summary: CaseSummary, words: Wording
) -> Rows:
    labels = words.labels
    if not entries:
        return labels["none"]
    return Cells(
        (labels["number"], _time_label(summary, words), labels["event"], labels["detail"]),
        tuple(
            (
                str(entry.index),
                _time(entry.opening.at, summary),
                _kind(entry.opening.kind, words),
                ", ".join(
                    f"{name} {_value(value, words)}"
                    for name, value in sorted(entry.opening.body.items())
                    if value is not None
                ),
            )
            for entry in entries
        ),
        (0.08, 0.17, 0.2, 0.55),
    )


def _value(value: object, words: Wording) -> str:
    """A word of the log; one that does not say by itself who it was is explained."""
    return f"{value} ({words.labels[BY_RECEIPT]})" if value == BY_RECEIPT else f"{value}"


def _kind(kind: str, words: Wording) -> Cell:
    """A kind of entry in the language, and below it in the log's own word."""
    return (words.kinds[kind], kind) if kind in words.kinds else kind


def _time(at: datetime, summary: CaseSummary) -> Cell:
    """In UTC, and below it in the reader's zone."""
    utc = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if summary.time_zone == NAME:
        return utc
    there = at.astimezone(summary.zone)
    return utc, f"{there:%Y-%m-%d %H:%M:%S}", offset(there)


def _time_label(summary: CaseSummary, words: Wording) -> str:
    if summary.time_zone == NAME:
        return words.labels["time"]
    return words.labels["time_zoned"].format(zone=summary.time_zone)


TABLES: Mapping[str, Callable[[CaseSummary, Wording], Iterator[Rows]]] = {
    "adverse": adverse,
    "copies": copies,
    "custody": custody,
    "events": events,
    "exhibits": exhibits,
    "removals": removals,
    "stamps": stamps,
}
