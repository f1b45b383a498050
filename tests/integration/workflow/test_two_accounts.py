"""Two accounts of one platform side by side: each has its own posts, removals, streams and troubles."""

from collections import Counter

import pytest

from house import House, picture
from platform_in_memory import MemoryPlatform, link
from takeback.connectors.api import Trouble, TroubleKind
from takeback.errors import Gone, NotAllowed, PlatformError, Unavailable
from takeback.events import EntryBanked, FoundGone, LocationUnusable, RemovalStepDone, StepEnd
from takeback.sightings import health, leases
from takeback.sightings.registry import locate


@pytest.fixture
def second() -> MemoryPlatform:
    return MemoryPlatform("memory:second")


@pytest.fixture
def both(database, platform, second, tmp_path, decoder, time) -> House:
    return House(database, platform, tmp_path, decoder, time, others=[second])


def copies(house: House) -> set[tuple[str, str]]:
    return set(
        house.query(
            "select p.connector, p.message from cases_copy c join sightings_post p on p.id = c.sighting_id"
        )
    )


def removed(house: House, **report: object) -> None:
    """A person reports, and a person decides."""
    made = house.report(picture(1), **report)
    house.take_in()
    house.decide(made)
    house.after(seconds=11)
    assert not house.gave_up()


def test_a_copy_is_removed_by_the_account_that_saw_it_though_ids_are_the_same(both, platform, second):
    here, other = platform.post(picture(1)), second.post(picture(2))
    there = second.post(picture(1))
    assert (here.place, here.message, here.media) == (other.place, other.message, other.media)
    both.watch()
    removed(both)
    assert copies(both) == {("memory", here.message), ("memory:second", there.message)}
    assert platform.removed(here)
    assert second.removed(there)
    assert second.untouched(other)
    assert len(both.events(FoundGone)) == 2


def test_a_message_that_two_accounts_see_is_a_copy_of_each_and_the_second_finds_it_removed(
    both, platform, second
):
    """As two servers of a federation do, or two accounts on one server."""
    second._world = platform._world
    post = platform.post(picture(1))
    both.watch()
    removed(both, links=[link(post)])
    assert copies(both) == {("memory", post.message), ("memory:second", post.message)}
    assert platform.removed(post)
    assert len(both.events(FoundGone)) == 2
    assert len(both.query("select distinct case_id from cases_copy")) == 1
    ends = Counter(event.how for event in both.events(RemovalStepDone))
    assert ends == {StepEnd.DONE: 2, StepEnd.ALREADY: 2}
    banked = Counter(event.entry for event in both.events(EntryBanked))
    assert set(banked.values()) == {1}


@pytest.mark.parametrize("fault", [Gone("not on this server"), Unavailable("away"), NotAllowed("403")])
def test_a_link_is_found_by_whichever_account_knows_it(both, platform, second, fault):
    platform.fail("locate", fault)
    post = second.post(picture(1))
    both.watch()
    removed(both, links=[link(post)])
    assert second.removed(post)
    assert not both.events(LocationUnusable)


def test_a_link_is_gone_only_if_no_account_could_still_see_it(platform, second):
    accounts = {each.name: each for each in (platform, second)}
    post = platform.post(picture(1))
    assert [(each.name, found) for each, found in locate(accounts, link(post))] == [("memory", post)]
    platform.fail("locate", Unavailable("away"))
    with pytest.raises(Unavailable):
        locate(accounts, link(post))
    platform.delete(post)
    with pytest.raises(Gone):
        locate(accounts, link(post))
    assert locate(accounts, "https://elsewhere.example/1") == []
    assert issubclass(Gone, PlatformError)


def test_streams_waits_and_troubles_are_apart(both, platform, database):
    platform.post(picture(1))
    both.watch()
    with database.transaction() as tx:
        leases.hold(tx, "memory:second", "captured", leases.LONGEST)
        health.examined(tx, "memory:second", [Trouble(TroubleKind.AWAY, "It is away.")])
        assert leases.held(tx, "captured") == {"memory:second"}
        assert leases.watched(tx) == {"memory", "memory:second"}
        [trouble] = health.troubles(tx, {"memory", "memory:second"})
        assert trouble.connector == "memory:second"
    cursors = dict(both.query("select connector, cursor from sightings_stream"))
    assert cursors == {"memory": "1", "memory:second": "0"}
