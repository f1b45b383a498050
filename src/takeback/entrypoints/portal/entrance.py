"""Admission: by a limit for networks, by work of a device, or by a link that staff made."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fastapi import Request

from takeback.entrypoints.portal import answering
from takeback.entrypoints.portal.limits import VisitorLimit
from takeback.entrypoints.portal.networks import Visitor
from takeback.entrypoints.portal.work import Work
from takeback.infra import clock
from takeback.submissions import submit
from takeback.submissions.arrivals import Labels
from takeback.submissions.draft import DraftKey
from takeback.submissions.groups import Group


@dataclass(frozen=True, slots=True)
class Entrance:
    """Asked by all pages before they do something that costs. Each kind of request has its limit."""

    onion: str | None
    work: Work
    labels: Labels
    limits: dict[str, VisitorLimit] = field(default_factory=dict)

    def enter(
        self, request: Request, kinds: Iterable[str], key: DraftKey, *, link: str = "", solved: str = ""
    ) -> None:
        """Count one request for each of its kinds; a puzzle that her device solved passes all of them.

        All who came by one link for many reports are one crowd. Raises TooManyAttempts: come back later.
        """
        now = clock.now()
        if solved and self.work.spend(key, solved, now):
            return
        who = self._who(request)
        if link:
            who = Visitor((f"link {submit.link_hash(link).hex()}",), crowd=True)
        for kind in kinds:
            self.limits[kind].enter(who, now)

    def puzzle(self, key: DraftKey) -> str:
        """Return a puzzle for a visitor who was held up."""
        return self.work.puzzle(key, clock.now())

    def groups(self, request: Request) -> list[bytes]:
        """Return the labels that a report of this visitor comes with."""
        who = self._who(request)
        kinds = [Group.ONION] if who.crowd else [Group.NETWORK, Group.WIDER, Group.WIDEST]
        return self.labels.of(zip(kinds, who.networks, strict=False))

    def _who(self, request: Request) -> Visitor:
        return answering.visitor(request, self.onion)
