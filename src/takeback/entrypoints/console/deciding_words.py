"""The effects of a decision, and what it covers and cannot undo, in plain words with numbers. Pure."""

from collections.abc import Mapping, Sequence

from takeback import events
from takeback.cases.model import Copy
from takeback.connectors.api import Action
from takeback.entrypoints.console.counting import count
from takeback.events import Verdict
from takeback.takedown.model import TargetProgress, TargetState

REOPENED: Mapping[str, str] = {
    events.Reopened.OBJECTION: "Somebody objected",
    events.Reopened.NEW_REPORT: "It was reported again",
    events.Reopened.FOUND: "A copy was found where we are connected",
}
STEP_END: Mapping[str, str] = {
    events.StepEnd.DONE: "the platform says",
    events.StepEnd.ALREADY: "already so when we came to it; we did nothing",
    events.StepEnd.NOT_OFFERED: "not offered by this platform; nothing was done",
}
"""How a step ended, behind what it is called."""


def what_it_does(verdict: Verdict, copies: Sequence[Copy]) -> str:
    """Return the effect of a decision, in one sentence with numbers."""
    kept = [copy for copy in copies if copy.counts and copy.gone_at is None]
    maybe = sum(copy.is_candidate for copy in copies)
    stays = "stays" if maybe == 1 else "stay"
    more = (
        f" {count(maybe, 'copy', 'copies')} that may be the same {stays} until somebody says."
        if maybe
        else ""
    )
    many = count(len(kept), "copy", "copies")
    places = count(len({(copy.connector, copy.place) for copy in kept}), "place")
    match verdict:
        case Verdict.SHARED_WITHOUT_CONSENT:
            blocks = any(copy.entry is not None for copy in kept)
            return f"Removes {many} in {places}{' and blocks new ones' if blocks else ''}.{more}"
        case Verdict.NOT_SHARED_WITHOUT_CONSENT:
            return f"Leaves {many} in {places} where they are and closes the case."
        case Verdict.CANNOT_TELL:
            return "Removes nothing. Another reviewer looks before anything happens."
        case Verdict.OUT_OF_REACH:
            return "Removes nothing, and tells the person so. A copy that is found here opens the case again."


def what_reversing_does(targets: Sequence[TargetProgress]) -> str:
    """Return the effect of reversing a decision, and what it cannot undo, in words with numbers."""
    open_ = {TargetState.PLANNED, TargetState.ACTING, TargetState.FAILED}
    waiting = sum(target.state in open_ for target in targets)
    done = [
        step.action
        for target in targets
        for step in target.steps
        if step.done_at is not None and step.how is events.StepEnd.DONE
    ]
    messages, pictures = done.count(Action.REDACT_MESSAGE), done.count(Action.QUARANTINE_MEDIA)
    sentences = ["The signals are withdrawn: new copies are no longer removed."]
    if waiting:
        sentences.append(
            f"{count(waiting, 'removal')} not done yet {'is' if waiting == 1 else 'are'} called off."
        )
    if messages:
        stay = "stays" if messages == 1 else "stay"
        sentences.append(
            f"{count(messages, 'message')} that was removed cannot be given back and {stay} removed."
        )
    if pictures:
        sentences.append(
            f"{count(pictures, 'picture')} made unreachable can be released by the platform's administrators."
        )
    sentences.append("The case is decided again.")
    return " ".join(sentences)


def seen(covered: str | None, looked: int | None) -> str:
    """Return how many copies a decision covers, and how many its reviewer had looked at."""
    if covered is None or looked is None:
        return ""
    number = len(covered.split())
    return f", for {count(number, 'copy', 'copies')}, of which she looked at {looked:,}" if number else ""
