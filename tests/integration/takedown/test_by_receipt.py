"""What a receipt says of a copy is what the console says: not "gone" where a look was not certain."""

from takeback.connectors.api import State, Vantage
from takeback.entrypoints.console import findings
from takeback.infra.vault import keys
from takeback.submissions import submit
from takeback.submissions.receipt import load_pepper
from takeback.takedown import service as takedown
from takeback.takedown.model import Finding

OUTAGE = dict.fromkeys(Vantage, (State.UNDETERMINED, "503"))


def told(house, report):
    """The only copy, as the receipt and as the console have it."""
    pepper = load_pepper(house.folder / keys.PORTAL_FOLDER)
    found = submit.status(house.database, pepper, house.receipts[report])
    assert found is not None
    with house.database.transaction() as tx:
        [target] = takedown.progress(tx, house.case_of(report))
    [copy] = found.copies
    return copy, target


def test_a_certain_look_leaves_no_doubt(house, removed):
    report, _ = removed
    copy, _ = told(house, report)
    assert (copy.state, copy.unclear_at) == ("gone", None)
    house.after(hours=2)
    assert told(house, report)[0].unclear_at is None


def test_while_the_first_look_shows_nothing_it_is_removed_and_not_certain(house, platform, reported):
    report, _ = reported
    platform.answer_instead(*[OUTAGE] * 3)
    house.decide(report)
    house.after(seconds=11)
    copy, target = told(house, report)
    assert (copy.state, copy.unclear_at) == ("checking", max(look.looked_at for look in target.looks))
    house.after(seconds=10, steps=3)
    copy, _ = told(house, report)
    assert (copy.state, copy.unclear_at) == ("gone", None)


def test_a_first_look_that_never_is_certain_ends_so(house, platform, reported):
    report, _ = reported
    platform.answer_instead(*[OUTAGE] * 99)
    house.decide(report)
    house.after(seconds=11)
    house.after(minutes=10, steps=20)
    copy, target = told(house, report)
    assert copy.state == "failed"
    assert copy.unclear_at == max(look.looked_at for look in target.looks)


def test_a_later_look_that_was_not_certain_is_told_until_a_certain_one(house, platform, removed):
    report, _ = removed
    platform.answer_instead(*[OUTAGE] * 42)
    house.after(hours=2)
    copy, _ = told(house, report)
    assert copy.state == "gone"
    assert copy.unclear_at is not None
    house.after(minutes=10, steps=20)  # every try of that round
    copy, target = told(house, report)
    assert target.rounds[-1].finding is Finding.UNCLEAR
    assert findings.removal_status(target) == "gone at the last certain check"
    assert copy.unclear_at == target.rounds[-1].at
    house.after(hours=25)
    copy, target = told(house, report)
    assert target.rounds[-1].finding is Finding.GONE
    assert (copy.state, copy.unclear_at) == ("gone", None)
