"""What is said to be done was done by the platform, and for us; what it cannot do is said to be so."""

from datetime import UTC, datetime
from itertools import chain, combinations

from house import picture
from takeback.connectors.api import Action
from takeback.entrypoints.console import deciding_words
from takeback.events import RemovalStepDone, StepEnd, form
from takeback.takedown import service as takedown
from takeback_verify.core.entries import OpenedEntry, PlacedEntry
from takeback_verify.core.leaf import Opening
from takeback_verify.core.story import read_story
from takeback_verify.narration.story import tell

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SUBSETS = tuple(chain.from_iterable(combinations(Action, n) for n in range(len(Action) + 1)))


def test_s14_each_step_ends_as_the_platform_says_and_as_no_more(house, platform):
    """S14: whatever actions a platform offers, and whatever somebody did before, in record, log and words."""
    expected = dict[tuple[str, str], StepEnd]()
    for number, offered in enumerate(SUBSETS):
        copies = {
            platform.post(picture(40 + number), sender=f"@{n}"): SUBSETS[n] for n in range(len(SUBSETS))
        }
        house.watch()
        report = house.report(picture(40 + number))
        house.take_in()
        platform._actions = offered
        house.decide(report)
        for post, before in copies.items():
            if Action.REDACT_MESSAGE in before:
                platform.delete(post, tell=False)
            if Action.QUARANTINE_MEDIA in before:
                platform._world.quarantined |= {media.address for media in post.media}
            expected |= {(post.message, action): _end(action, offered, before) for action in Action}
        house.after(seconds=11)
    _check(house, platform, expected)


def _check(house, platform, expected) -> None:
    messages = dict(house.query("select id, message from takedown_target"))
    events = house.events(RemovalStepDone)
    recorded = dict[tuple[str, str], StepEnd]()
    for event in events:  # of the first attempt: at a further one, what we did is so already
        recorded.setdefault((messages[event.target], event.action), event.how)
    assert recorded == expected
    for action in platform._world.acted:
        assert recorded[action.target.message, action.action] is not StepEnd.NOT_OFFERED
    for event in events:
        _says_so(event)
    for (case,) in house.query("select id from cases_case"):
        with house.database.transaction() as tx:
            shown = [(target, step) for target in takedown.progress(tx, case) for step in target.steps]
        for target, step in shown:
            if step.attempt == 0:
                assert step.how is expected[messages[target.target], step.action]


def _end(action, offered, before) -> StepEnd:
    if action not in offered:
        return StepEnd.NOT_OFFERED
    return StepEnd.ALREADY if action in before else StepEnd.DONE


def _says_so(event) -> None:
    """Whoever reads the log reads the same, and the page's words are of that end alone."""
    opening = Opening(1, NOW, form.kind_of(event), form.body_of(event))
    placed = PlacedEntry(0, OpenedEntry(b"", b"", opening))
    [told] = tell(read_story([placed], [], {}))
    assert ("platform confirmed" in told) is (event.how is StepEnd.DONE)
    assert ("did not offer" in told) is (event.how is StepEnd.NOT_OFFERED)
    assert len({deciding_words.STEP_END[end] for end in StepEnd}) == len(StepEnd)
