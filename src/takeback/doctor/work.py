"""Checks of what waits: unknown work, evidence that cannot be sealed, and what is not watched."""

from collections.abc import Iterator

from takeback.doctor.model import Finding, Level, Subject
from takeback.evidence import kept
from takeback.infra.jobs import queue
from takeback.sightings import health


def look_at_work(subject: Subject) -> Iterator[Finding]:
    """Jobs of other versions wait for a worker that knows them."""
    with subject.database.transaction() as tx:
        unknown = queue.unknown_in_words(tx)
    for words in unknown:
        yield Finding(Level.WARNING, words, "Start a worker of the version that put them down.")
    if not unknown:
        yield Finding(Level.OK, "Every job that waits is known.")


def look_at_evidence(subject: Subject) -> Iterator[Finding]:
    """Once evidence was kept, a directory of recipients that cannot be read stops captures and removals."""
    with subject.database.transaction() as tx:
        trouble = kept.trouble(tx, subject.sealer)
    if trouble is None:
        yield Finding(Level.OK, "What is found can be sealed, or no evidence is kept here.")
    else:
        yield Finding(Level.FAILING, trouble)


def look_at_watching(subject: Subject) -> Iterator[Finding]:
    """Report the state of the watchers and of their streams."""
    with subject.database.transaction() as tx:
        troubles = health.troubles(tx, set(subject.connectors))
    for each in troubles:
        yield Finding(Level.FAILING if each.serious else Level.WARNING, each.words)
    if not troubles:
        yield Finding(Level.OK, "Every stream is watched.")
