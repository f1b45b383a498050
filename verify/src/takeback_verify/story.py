"""What the proven entries tell, in sentences: captured, seen deleted, decided, removed, absent since.

Each sentence says what the log recorded and when, and by when independent authorities had signed that the
record existed. That what was recorded is true is not proven by any log, and no sentence says so.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from takeback_verify.anchors import Anchor, bound_of
from takeback_verify.entries import PlacedEntry
from takeback_verify.errors import Malformed
from takeback_verify.leaf import Json, Opening, parse_time
from takeback_verify.rounds import Finding, Judged, Look, State, Vantage, proven, shut
from takeback_verify.words import clock, count, day, joined, small, when

NEEDED: Mapping[str, Mapping[str, type]] = {
    "captured": {"capture": str, "sighting": int, "reason": str, "exhibit": str},
    "deletion_observed": {"capture": str, "by": str},
    "decided": {"decision": str, "verdict": str, "effective_at": str},
    "decision_undone": {"decision": str},
    "decision_effective": {"decision": str, "verdict": str},
    "removal_planned": {"target": str, "sighting": int},
    "removal_step_done": {"target": str, "action": str},
    "found_gone": {"target": str, "round": int},
    "found_again": {"target": str, "round": int},
    "rechecked": {"target": str, "round": int, "finding": str, "series": str},
    "watched": {"connector": str, "shard": str, "since": str, "until": str, "posts": int, "gap_ms": int},
    "timestamped": {"size": int, "authority": str, "token": str},
    "evidence_erased": {"capture": str},
    "dossier_written": {"dossier": str, "case": str, "manifest": str},
}
"""The fields that an entry of a kind must have to be interpreted, and their types."""

_VERDICTS = {
    "shared_without_consent": "shared without consent",
    "not_shared_without_consent": "not shared without consent",
    "cannot_tell": "cannot tell",
    "out_of_reach": "nothing can be done there",
}
_STEPS = {
    "done": "the platform confirmed a step of removing",
    "already": "a step was found done already, and nothing was done, in removing",
    "not_offered": "the platform did not offer a step, and nothing was done, in removing",
    "untold": "a step ended, done or not offered by the platform, in removing",
}
"""How a step ended; an entry without it is of before this was told apart."""
_REASONS = {
    "match": "because it matched a reported picture",
    "investigation": "because everything in its place was being captured",
}
_SEEN = {"event": "the platform announced it", "poll": "the platform was asked for it"}
_SEEN_BY = {
    Vantage.ADMIN: "as an administrator",
    Vantage.ANONYMOUS: "without an account",
    Vantage.MEMBER: "as a member",
}
_NO_ROUND = "no control"
"""Why a record of "gone" without a round beside it proves nothing."""


def check_body(opening: Opening) -> None:
    """Check that an entry of a kind that is interpreted has the fields for it. Raises Malformed."""
    for name, kind in NEEDED.get(opening.kind, {}).items():
        if type(opening.body.get(name)) is not kind:
            raise Malformed(f"the entry of kind {opening.kind} of {when(opening.at)} has no {name}")


def tell(
    entries: Sequence[PlacedEntry], anchors: Sequence[Anchor], rounds: Mapping[str, Judged]
) -> tuple[str, ...]:
    """The story: a sentence or two for each thing that happened, by the place in the log.

    Args:
        entries: those that the package opens.
        anchors: what bounds their times.
        rounds: each round of looks by the hash in its entry, already judged.
    """
    lines: list[str] = []
    context = _Names(entries, rounds)
    for placed in entries:
        sentence = _SENTENCES.get(placed.entry.opening.kind)
        if sentence is not None:
            said = sentence(placed.entry.opening, context)
            lines.append(said + _bound(placed, anchors))
    lines += _absences(entries, context)
    lines += _heartbeats(entries)
    lines += _others(entries)
    return tuple(lines)


class _Names:
    """How the story calls messages, captures and targets, and what their rounds came to."""

    def __init__(self, entries: Sequence[PlacedEntry], rounds: Mapping[str, Judged]) -> None:
        self._rounds = {
            (e.entry.opening.body["target"], e.entry.opening.body["round"]): rounds[series]
            for e in entries
            if _is(e, "rechecked") and (series := str(e.entry.opening.body["series"])) in rounds
        }
        bodies = [(e.entry.opening.kind, e.entry.opening.body) for e in entries]
        self._captures = {body["capture"]: body["sighting"] for kind, body in bodies if kind == "captured"}
        self._targets = {
            body["target"]: body["sighting"] for kind, body in bodies if kind == "removal_planned"
        }
        sightings = dict.fromkeys(self._captures.values())  # by the place of their first capture
        self._messages = {sighting: f"message {n}" for n, sighting in enumerate(sightings, start=1)}

    def message(self, sighting: Json) -> str:
        """A sighting's message."""
        return self._messages.get(sighting, "another message of the case")

    def captured(self, capture: Json) -> str:
        """A capture's message."""
        return self.message(self._captures.get(capture))

    def target(self, target: Json) -> str:
        """A removal's message."""
        return self.message(self._targets.get(target))

    def round(self, fact: Opening) -> Judged | None:
        """The round that an entry speaks of."""
        return self._rounds.get((fact.body["target"], fact.body["round"]))


def _captured(fact: Opening, names: _Names) -> str:
    reason = _REASONS.get(str(fact.body["reason"]), f"for the reason {fact.body['reason']}")
    name = names.message(fact.body["sighting"])
    return f"{name.capitalize()} was captured on {when(fact.at)}, {reason} (exhibit {fact.body['capture']})"


def _deleted(fact: Opening, names: _Names) -> str:
    how = _SEEN.get(str(fact.body["by"]), str(fact.body["by"]))
    name = names.captured(fact.body["capture"]).capitalize()
    return f"{name} was seen to be deleted by others on {when(fact.at)} ({how})"


def _decided(fact: Opening, _: _Names) -> str:
    verdict = _VERDICTS.get(str(fact.body["verdict"]), str(fact.body["verdict"]))
    return f"On {when(fact.at)} a reviewer decided: {verdict}"


def _undone(fact: Opening, _: _Names) -> str:
    return f"On {when(fact.at)} a decision was taken back before it took effect"


def _effective(fact: Opening, _: _Names) -> str:
    verdict = _VERDICTS.get(str(fact.body["verdict"]), str(fact.body["verdict"]))
    return f"On {when(fact.at)} the decision took effect: {verdict}"


def _step(fact: Opening, names: _Names) -> str:
    how = str(fact.body.get("how", "untold"))
    ended = _STEPS.get(how, f"a step ended as {how} in removing")
    return f"On {when(fact.at)} {ended} {names.target(fact.body['target'])}: {fact.body['action']}"


def _gone(fact: Opening, names: _Names) -> str:
    name, round_ = names.target(fact.body["target"]).capitalize(), names.round(fact)
    if round_ is not None and round_.finding is Finding.GONE:
        return f"{name} was looked for on {when(fact.at)} and found to be gone"
    why = _NO_ROUND if round_ is None else round_.why_not
    return f"{name} was removed on {when(fact.at)}, says the service; that it was gone is not proven: {why}"


def _again(fact: Opening, names: _Names) -> str:
    name = names.target(fact.body["target"]).capitalize()
    return f"{name} was looked for on {when(fact.at)} and found to be there again"


def _rechecked(fact: Opening, names: _Names) -> str:
    name, round_ = names.target(fact.body["target"]).capitalize(), names.round(fact)
    looked = f"{name} was looked for on {when(fact.at)}"
    if round_ is None or round_.finding is None:
        why = _NO_ROUND if round_ is None else round_.why_not
        return f"{looked} and was not there, says the service; that is not proven: {why}"
    document = round_.document
    if round_.finding is Finding.GONE:
        said = f"{looked} and was gone: {_places(proven(document))}, each between two looks at a control"
        closed = sorted({_SEEN_BY[look.vantage] for look in shut(document)})
        return said + (f"; {joined(closed)} nothing is shown, not even the control" if closed else "")
    if round_.finding is Finding.THERE:
        seen = [look for look in document.looks if look.state is State.PRESENT]
        return f"{looked} and was there: {_places(seen)}"
    return f"{looked}, which showed nothing certain"


def _places(looks: Sequence[Look]) -> str:
    """Such as "media (as a member) and message (as an administrator, as a member)"."""
    surfaces: dict[str, list[str]] = {}
    for look in looks:
        surfaces.setdefault(look.surface.value, []).append(_SEEN_BY[look.vantage])
    return joined([f"{surface} ({', '.join(dict.fromkeys(by))})" for surface, by in surfaces.items()])


def _erased(fact: Opening, names: _Names) -> str:
    name = names.captured(fact.body["capture"])
    return f"On {when(fact.at)} the sealed parts of {name} were destroyed (exhibit {fact.body['capture']})"


_SENTENCES: Mapping[str, Callable[[Opening, _Names], str]] = {
    "captured": _captured,
    "deletion_observed": _deleted,
    "decided": _decided,
    "decision_undone": _undone,
    "decision_effective": _effective,
    "removal_step_done": _step,
    "found_gone": _gone,
    "found_again": _again,
    "rechecked": _rechecked,
    "evidence_erased": _erased,
}
TOLD = frozenset(_SENTENCES)
"""Kinds of entries that are told one by one, each with the time before which it was recorded."""


def _bound(placed: PlacedEntry, anchors: Sequence[Anchor]) -> str:
    anchor = bound_of(anchors, placed.index)
    if anchor is None:
        return "; no timestamp covers this record, so only the log itself says when it was made."
    at = placed.entry.opening.at
    same_day = day(anchor.by) == day(at)
    by = clock(anchor.by) if same_day else when(anchor.by)
    number = len(anchor.authorities)
    who = "an independent authority" if number == 1 else f"{small(number)} independent authorities"
    return f"; this was recorded before {by}, which {who} signed."


def _absences(entries: Sequence[PlacedEntry], names: _Names) -> list[str]:
    """For each message that was looked for: since when it is absent, after it was last there.

    Only rounds that prove it count as absent; that it was there needs no proof.
    """
    since: dict[str, datetime | None] = {}
    last: dict[str, datetime] = {}
    for placed in entries:
        fact = placed.entry.opening
        if fact.kind not in {"found_again", "rechecked"}:
            continue
        target, round_ = str(fact.body["target"]), names.round(fact)
        if fact.kind == "found_again" or (round_ is not None and round_.finding is Finding.THERE):
            since[target] = None
        elif round_ is not None and round_.finding is Finding.GONE:
            since[target] = since.get(target) or fact.at
            last[target] = fact.at
    return [
        f"{names.target(target).capitalize()} was absent from {when(start)} on, each time it was looked for "
        f"until {when(last[target])}."
        for target, start in since.items()
        if start is not None
    ]


def _heartbeats(entries: Sequence[PlacedEntry]) -> list[str]:
    bodies = [e.entry.opening.body for e in entries if _is(e, "watched")]
    if not bodies:
        return []
    gap = sum(int(body["gap_ms"] or 0) for body in bodies)
    since = min(parse_time(_six(str(body["since"]))) for body in bodies)
    until = max(parse_time(_six(str(body["until"]))) for body in bodies)
    said = (
        f"Between {when(since)} and {when(until)}, watching was recorded by "
        f"{count(len(bodies), 'heartbeat')}, with gaps of {gap / 1000:,.1f} seconds in all."
    )
    return [said]


def _six(text: str) -> str:
    """A time as facts spell it (with as many decimals as there are) in the spelling of leaves."""
    head, _, rest = text.removesuffix("Z").partition(".")
    return f"{head}.{rest.ljust(6, '0')}Z"


def _others(entries: Sequence[PlacedEntry]) -> list[str]:
    kinds = Counter(e.entry.opening.kind for e in entries if e.entry.opening.kind not in _SENTENCES)
    kinds.pop("watched", None)
    if not kinds:
        return []
    said = joined([f"{kind} ({number:,})" for kind, number in sorted(kinds.items())])
    return [f"Also proven, and to be read in data/entries.jsonl: {said}."]


def _is(placed: PlacedEntry, kind: str) -> bool:
    return placed.entry.opening.kind == kind
