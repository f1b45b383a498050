"""The story of the proven entries, in sentences: captured, seen deleted, decided, removed, absent since.

Each sentence says what the log recorded and when, and by when independent authorities had signed that the
record existed. That what was recorded is true is not proven by any log, and no sentence says so.
"""

from collections.abc import Callable, Mapping, Sequence

from takeback_verify.core.leaf import Json
from takeback_verify.core.rounds import Finding, Look, State, Vantage, proven, shut
from takeback_verify.core.story import Absence, Happening, Story, Watching
from takeback_verify.core.words import clock, count, day, joined, small, when

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
"""Endings of a step; older entries do not tell them apart."""
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


def tell(story: Story) -> tuple[str, ...]:
    """Return the story: a sentence or two for each thing that happened, by the place in the log."""
    names = _Names(story)
    return (
        *(SENTENCES[each.entry.kind](each, names) + _bound(each) for each in story.happenings),
        *(_absence(each, names) for each in story.absences),
        *(_watching(each) for each in [story.watching] if each is not None),
        *_others(story.others),
    )


class _Names:
    """Names that the story gives to messages, captures and removals."""

    def __init__(self, story: Story) -> None:
        self._captures, self._targets = story.captures, story.targets
        sightings = dict.fromkeys(story.captures.values())  # by the place of their first capture
        self._messages = {sighting: f"message {n}" for n, sighting in enumerate(sightings, start=1)}

    def message(self, sighting: Json) -> str:
        """Return a sighting's message."""
        return self._messages.get(sighting, "another message of the case")

    def captured(self, capture: Json) -> str:
        """Return a capture's message."""
        return self.message(self._captures.get(capture))

    def target(self, target: Json) -> str:
        """Return a removal's message."""
        return self.message(self._targets.get(target))


def _captured(told: Happening, names: _Names) -> str:
    fact = told.entry
    reason = _REASONS.get(str(fact.body["reason"]), f"for the reason {fact.body['reason']}")
    name = names.message(fact.body["sighting"])
    return f"{name.capitalize()} was captured on {when(fact.at)}, {reason} (exhibit {fact.body['capture']})"


def _deleted(told: Happening, names: _Names) -> str:
    fact = told.entry
    how = _SEEN.get(str(fact.body["by"]), str(fact.body["by"]))
    name = names.captured(fact.body["capture"]).capitalize()
    return f"{name} was seen to be deleted by others on {when(fact.at)} ({how})"


def _decided(told: Happening, _: _Names) -> str:
    fact = told.entry
    verdict = _VERDICTS.get(str(fact.body["verdict"]), str(fact.body["verdict"]))
    return f"On {when(fact.at)} a reviewer decided: {verdict}"


def _undone(told: Happening, _: _Names) -> str:
    fact = told.entry
    return f"On {when(fact.at)} a decision was taken back before it took effect"


def _effective(told: Happening, _: _Names) -> str:
    fact = told.entry
    verdict = _VERDICTS.get(str(fact.body["verdict"]), str(fact.body["verdict"]))
    return f"On {when(fact.at)} the decision took effect: {verdict}"


def _step(told: Happening, names: _Names) -> str:
    fact = told.entry
    how = str(fact.body.get("how", "untold"))
    ended = _STEPS.get(how, f"a step ended as {how} in removing")
    return f"On {when(fact.at)} {ended} {names.target(fact.body['target'])}: {fact.body['action']}"


def _gone(told: Happening, names: _Names) -> str:
    fact = told.entry
    name, round_ = names.target(fact.body["target"]).capitalize(), told.round
    if round_ is not None and round_.finding is Finding.GONE:
        return f"{name} was looked for on {when(fact.at)} and found to be gone"
    why = _NO_ROUND if round_ is None else round_.why_not
    return f"{name} was removed on {when(fact.at)}, says the service; that it was gone is not proven: {why}"


def _again(told: Happening, names: _Names) -> str:
    fact = told.entry
    name = names.target(fact.body["target"]).capitalize()
    return f"{name} was looked for on {when(fact.at)} and found to be there again"


def _rechecked(told: Happening, names: _Names) -> str:
    fact = told.entry
    name, round_ = names.target(fact.body["target"]).capitalize(), told.round
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


def _erased(told: Happening, names: _Names) -> str:
    fact = told.entry
    name = names.captured(fact.body["capture"])
    return f"On {when(fact.at)} the sealed parts of {name} were destroyed (exhibit {fact.body['capture']})"


SENTENCES: Mapping[str, Callable[[Happening, _Names], str]] = {
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
"""The sentence of each kind of entry that is told."""


def _bound(told: Happening) -> str:
    anchor = told.bound
    if anchor is None:
        return "; no timestamp covers this record, so only the log itself says when it was made."
    by = clock(anchor.by) if day(anchor.by) == day(told.entry.at) else when(anchor.by)
    number = len(anchor.authorities)
    who = "an independent authority" if number == 1 else f"{small(number)} independent authorities"
    return f"; this was recorded before {by}, which {who} signed."


def _absence(absence: Absence, names: _Names) -> str:
    return (
        f"{names.target(absence.target).capitalize()} was absent from {when(absence.since)} on, "
        f"each time it was looked for until {when(absence.until)}."
    )


def _watching(watching: Watching) -> str:
    gaps = f"{watching.gap_ms / 1000:,.1f} seconds"
    return (
        f"Between {when(watching.since)} and {when(watching.until)}, watching was recorded by "
        f"{count(watching.heartbeats, 'heartbeat')}, with gaps of {gaps} in all."
    )


def _others(kinds: Mapping[str, int]) -> list[str]:
    if not kinds:
        return []
    said = joined([f"{kind} ({number:,})" for kind, number in sorted(kinds.items())])
    return [f"Also proven, and to be read in data/entries.jsonl: {said}."]
