"""What every connector must do, against its real platform."""

import pytest

from faults import Fault, FaultProxy
from platforms import Platform, picture
from soaking import quick
from takeback.connectors.api import Action, Connector, State, Surface, Target, Vantage
from takeback.entrypoints.portal.links import links
from takeback.errors import Gone, PlatformError, Unavailable, Unreadable, WhyUnreadable
from waiting import until
from watching import Watching

PASSING_FAULTS = [
    Fault.TOO_MANY_REQUESTS,
    Fault.SERVER_ERROR,
    Fault.GATEWAY_PAGE,
    Fault.NOT_FOUND_PAGE,
    Fault.LOGIN_PAGE,
    Fault.REDIRECT,
    Fault.HANG,
    Fault.CUT,
    Fault.LOST_ANSWER,
]
FEW_FAULTS = (Fault.TOO_MANY_REQUESTS, Fault.LOGIN_PAGE, Fault.CUT)


def states(connector: Connector, target: Target) -> dict[tuple[Surface, Vantage], State]:
    return {(look.surface, look.vantage): look.state for look in connector.verify(target)}


def test_it_says_what_it_can_and_then_does_it(platform: Platform, connector: Connector):
    said = connector.capabilities()
    posted = platform.post_picture(platform.make_place())
    looks = connector.verify(posted.target)
    assert {(look.surface, look.vantage) for look in looks} == {
        (surface, vantage) for surface in said.surfaces for vantage in said.vantages
    }
    assert all(look.seen for look in looks)
    assert connector.name


class TestWatching:
    def test_a_post_is_seen_live_with_all_that_matters(self, platform: Platform, connector: Connector):
        place = platform.make_place()
        watching = Watching()
        watching.until_quiet(connector)
        posted = platform.post_picture(place)
        watching.until_seen(connector, place, {posted.message}, timeout=10)
        post = watching.posts[place, posted.message]
        assert [media.address for media in post.media] == [posted.media]
        assert post.sender
        assert post.posted_at.tzinfo is not None

    def test_words_are_not_posts(self, platform: Platform, connector: Connector):
        place = platform.make_place()
        platform.post_text(place)
        posted = platform.post_picture(place)
        watching = Watching()
        watching.until_seen(connector, place, {posted.message})
        watching.until_quiet(connector)
        assert watching.messages(place) == {posted.message}

    def test_what_was_posted_before_anybody_watched_is_found(self, platform: Platform, connector: Connector):
        place = platform.make_place()
        before = {posted.message for posted in platform.post_many(place, 45)}
        watching = Watching()
        watching.until_seen(connector, place, before)

    def test_a_place_made_while_watching_is_found_with_its_past(
        self, platform: Platform, connector: Connector
    ):
        watching = Watching()
        watching.until_quiet(connector)
        place = platform.make_place()
        early = {posted.message for posted in platform.post_many(place, 45)}
        watching.until_seen(connector, place, early)
        late = platform.post_picture(place)
        watching.until_seen(connector, place, {late.message}, timeout=10)

    def test_more_posts_than_a_page_while_nobody_watched_are_all_found(
        self, platform: Platform, connector: Connector
    ):
        place = platform.make_place()
        watching = Watching()
        watching.until_quiet(connector)
        missed = {posted.message for posted in platform.post_many(place, 130)}
        watching.until_seen(connector, place, missed)

    def test_a_new_watcher_goes_on_from_an_old_cursor(self, platform: Platform, connector: Connector):
        place = platform.make_place()
        watching = Watching()
        watching.until_quiet(connector)
        posted = {posted.message for posted in platform.post_many(place, 45)}
        successor = platform.connect()
        try:
            watching.until_seen(successor, place, posted)
        finally:
            successor.close()

    def test_a_watcher_that_dies_before_each_commit_loses_nothing(
        self, platform: Platform, connector: Connector
    ):
        watching = Watching()
        watching.until_quiet(connector)
        place = platform.make_place()
        expected = {posted.message for posted in platform.post_many(place, 45)}

        def all_seen() -> bool:
            for stream in list(watching.cursors):
                if stream not in watching.done:
                    doomed, lost = platform.connect(), watching.copy()
                    lost.step(doomed, stream)
                    doomed.close()
                    survivor = platform.connect()
                    watching.step(survivor, stream)
                    survivor.close()
            return expected <= watching.messages(place)

        until(all_seen, 60, "all posts although every batch was lost once")

    def test_the_same_cursor_gives_the_same_posts(self, platform: Platform, connector: Connector):
        place = platform.make_place()
        watching = Watching()
        watching.until_quiet(connector)
        before = watching.copy()
        first = platform.post_picture(place)
        watching.until_seen(connector, place, {first.message})
        second = platform.post_picture(place)
        before.until_seen(connector, place, {first.message, second.message})
        assert before.posts[place, first.message] == watching.posts[place, first.message]

    def test_the_platform_stops_and_comes_back(self, platform: Platform, connector: Connector):
        place = platform.make_place()
        watching = Watching()
        watching.until_quiet(connector)
        platform.stop()
        try:
            with pytest.raises(Unavailable):
                watching.round(connector)
        finally:
            platform.start()
        posted = platform.post_picture(place)
        watching.until_seen(connector, place, {posted.message})

    @pytest.mark.parametrize("fault", quick(*FEW_FAULTS, every=[*PASSING_FAULTS, Fault.BROKEN_JSON]))
    def test_a_fault_is_unavailable_and_moves_no_cursor(
        self, platform: Platform, connector_behind_proxy: Connector, proxy: FaultProxy, fault: Fault
    ):
        place = platform.make_place()
        watching = Watching()
        watching.until_quiet(connector_behind_proxy)
        posted = platform.post_picture(place)
        with proxy.failing(fault), pytest.raises(Unavailable):
            watching.round(connector_behind_proxy)
        watching.until_seen(connector_behind_proxy, place, {posted.message})


def followed(connector: Connector, line: str) -> bool:
    """Whether the portal, which is given the forms alone, calls a line followable."""
    pattern = "|".join(f"(?:{form})" for form in connector.capabilities().links)
    return links(pattern).unfollowed((line,)) == ()


class TestLocating:
    def test_a_link_leads_to_its_post(self, platform: Platform, connector: Connector):
        posted = platform.post_picture(platform.make_place())
        post = connector.locate(platform.link(posted))
        assert post is not None
        assert (post.place, post.message) == (posted.place, posted.message)
        assert [media.address for media in post.media] == [posted.media]

    def test_a_link_to_a_deleted_post_says_gone(self, platform: Platform, connector: Connector):
        posted = platform.post_picture(platform.make_place())
        platform.delete(posted)
        with pytest.raises(Gone):
            connector.locate(platform.link(posted))

    def test_a_link_to_nothing_says_gone(self, platform: Platform, connector: Connector):
        with pytest.raises(Gone):
            connector.locate(platform.missing_link(platform.make_place()))

    @pytest.mark.parametrize("link", ["", "https://example.org/", "hello", "ftp://x", "https://[", "\0"])
    def test_what_is_not_of_this_platform_is_nothing(self, connector: Connector, link: str):
        assert connector.locate(link) is None
        assert not followed(connector, link)

    def test_the_portal_calls_followable_what_this_connector_recognises(
        self, platform: Platform, connector: Connector
    ):
        """H4: what fits one of its forms is a post or is gone, and never "not of this platform"."""
        posted = platform.post_picture(platform.make_place())
        missing = platform.missing_link(platform.make_place())
        for link in (platform.link(posted), missing):
            assert followed(connector, link)
        assert connector.locate(platform.link(posted)) is not None
        with pytest.raises(Gone):
            connector.locate(missing)

    @pytest.mark.parametrize("fault", quick(*FEW_FAULTS, every=PASSING_FAULTS))
    def test_a_fault_never_says_gone(
        self, platform: Platform, connector_behind_proxy: Connector, proxy: FaultProxy, fault: Fault
    ):
        posted = platform.post_picture(platform.make_place())
        with proxy.failing(fault), pytest.raises(Unavailable):
            connector_behind_proxy.locate(platform.link(posted))


class TestFetching:
    def test_the_bytes_are_those_that_were_posted(self, platform: Platform, connector: Connector):
        posted = platform.post_picture(platform.make_place())
        assert connector.fetch(posted.media, 10_000_000) == posted.data

    def test_a_picture_of_just_the_bound_is_whole_and_of_one_more_refused(
        self, platform: Platform, connector: Connector
    ):
        posted = platform.post_picture(platform.make_place(), picture(size=300))
        assert connector.fetch(posted.media, len(posted.data)) == posted.data
        with pytest.raises(Unreadable) as refused:
            connector.fetch(posted.media, len(posted.data) - 1)
        assert refused.value.why is WhyUnreadable.TOO_MANY_BYTES

    def test_what_is_not_there_is_gone(self, platform: Platform, connector: Connector):
        with pytest.raises(Gone):
            connector.fetch(platform.no_media(), 1000)

    @pytest.mark.parametrize("address", ["", "https://example.org/x.png", "../../etc/passwd", "mxc://a/../b"])
    def test_an_address_from_elsewhere_is_not_asked_for(
        self, connector_behind_proxy: Connector, proxy: FaultProxy, address: str
    ):
        with pytest.raises(PlatformError):
            connector_behind_proxy.fetch(address, 1000)
        assert not proxy.asked

    @pytest.mark.parametrize("fault", quick(*FEW_FAULTS, every=PASSING_FAULTS))
    def test_a_fault_never_says_gone(
        self, platform: Platform, connector_behind_proxy: Connector, proxy: FaultProxy, fault: Fault
    ):
        posted = platform.post_picture(platform.make_place())
        with proxy.failing(fault), pytest.raises(Unavailable):
            connector_behind_proxy.fetch(posted.media, 10_000_000)


class TestRemoving:
    def test_message_and_media_are_seen_then_removed_then_gone(
        self, platform: Platform, connector: Connector
    ):
        posted = platform.post_picture(platform.make_place())
        before = states(connector, posted.target)
        assert State.UNDETERMINED not in before.values()
        assert before[Surface.MESSAGE, Vantage.MEMBER] is State.PRESENT
        assert before[Surface.MEDIA, Vantage.ADMIN] is State.PRESENT
        assert before[Surface.THUMBNAIL, Vantage.MEMBER] is State.PRESENT
        for action in connector.capabilities().actions:
            assert connector.act(action, posted.target, f"case-1/{action}")
        after = states(connector, posted.target)
        assert set(after.values()) == {State.ABSENT}
        with pytest.raises(Gone):
            connector.fetch(posted.media, 10_000_000)

    def test_removing_the_message_alone_leaves_the_media(self, platform: Platform, connector: Connector):
        posted = platform.post_picture(platform.make_place())
        connector.act(Action.REDACT_MESSAGE, posted.target, "k1")
        seen = states(connector, posted.target)
        assert seen[Surface.MESSAGE, Vantage.MEMBER] is State.ABSENT
        assert seen[Surface.MEDIA, Vantage.MEMBER] is State.PRESENT

    def test_removing_one_post_leaves_its_neighbours(self, platform: Platform, connector: Connector):
        place = platform.make_place()
        left, removed, right = (platform.post_picture(place) for _ in range(3))
        for action in Action:
            connector.act(action, removed.target, f"k2/{action}")
        for neighbour in (left, right):
            seen = states(connector, neighbour.target)
            assert seen[Surface.MESSAGE, Vantage.MEMBER] is State.PRESENT
            assert seen[Surface.MEDIA, Vantage.MEMBER] is State.PRESENT

    @pytest.mark.parametrize("action", Action)
    def test_the_same_key_twice_is_one_action(self, platform: Platform, connector: Connector, action: Action):
        posted = platform.post_picture(platform.make_place())
        connector.act(action, posted.target, "k3")
        assert connector.act(action, posted.target, "k3")
        assert platform.removals(posted) == (1 if action is Action.REDACT_MESSAGE else 0)

    def test_an_answer_that_was_lost_does_not_make_a_second_removal(
        self, platform: Platform, connector_behind_proxy: Connector, connector: Connector, proxy: FaultProxy
    ):
        posted = platform.post_picture(platform.make_place())
        with proxy.failing(Fault.LOST_ANSWER, "redact"), pytest.raises(Unavailable):
            connector_behind_proxy.act(Action.REDACT_MESSAGE, posted.target, "k4")
        connector.act(Action.REDACT_MESSAGE, posted.target, "k4")
        connector.act(Action.REDACT_MESSAGE, posted.target, "another key")
        assert platform.removals(posted) == 1

    def test_a_message_that_its_poster_deleted_is_success(self, platform: Platform, connector: Connector):
        posted = platform.post_picture(platform.make_place())
        platform.delete(posted)
        assert connector.act(Action.REDACT_MESSAGE, posted.target, "k5")
        assert platform.removals(posted) == 1

    @pytest.mark.parametrize("action", Action)
    def test_what_never_was_there_is_success(self, platform: Platform, connector: Connector, action: Action):
        posted = platform.post_picture(platform.make_place())
        nothing = Target(posted.place, "$nothing-of-this-name", platform.no_media())
        assert "nothing" in connector.act(action, nothing, "k6").words

    @pytest.mark.parametrize("fault", quick(*FEW_FAULTS, every=PASSING_FAULTS))
    @pytest.mark.parametrize("action", Action)
    def test_a_fault_is_unavailable_and_can_be_tried_again(
        self,
        platform: Platform,
        connector_behind_proxy: Connector,
        proxy: FaultProxy,
        action: Action,
        fault: Fault,
    ):
        posted = platform.post_picture(platform.make_place())
        with proxy.failing(fault), pytest.raises(Unavailable):
            connector_behind_proxy.act(action, posted.target, "k7")
        connector_behind_proxy.act(action, posted.target, "k7")
        seen = states(connector_behind_proxy, posted.target)
        surface = Surface.MESSAGE if action is Action.REDACT_MESSAGE else Surface.MEDIA
        assert seen[surface, Vantage.ADMIN] is State.ABSENT

    @pytest.mark.parametrize("fault", quick(*FEW_FAULTS, every=[*PASSING_FAULTS, Fault.BROKEN_JSON]))
    def test_a_fault_is_never_absent(
        self, platform: Platform, connector_behind_proxy: Connector, proxy: FaultProxy, fault: Fault
    ):
        posted = platform.post_picture(platform.make_place())
        with proxy.failing(fault):
            looks = connector_behind_proxy.verify(posted.target)
        assert State.ABSENT not in {look.state for look in looks}
        assert {look.state for look in looks if look.surface is Surface.MESSAGE} == {State.UNDETERMINED}

    def test_a_rate_limit_says_how_long_to_wait(
        self, platform: Platform, connector_behind_proxy: Connector, proxy: FaultProxy
    ):
        posted = platform.post_picture(platform.make_place())
        with proxy.failing(Fault.TOO_MANY_REQUESTS), pytest.raises(Unavailable) as limited:
            connector_behind_proxy.fetch(posted.media, 1000)
        assert limited.value.retry_after == 1.5
