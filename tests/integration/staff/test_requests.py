"""Nobody becomes somebody else: what one person asks for an account acts when a second one agrees (H9)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Rollback

from takeback.errors import NotFound, Refused
from takeback.events import (
    AccountChange,
    AccountChangeApproved,
    AccountChangeAsked,
    AccountChangeRefused,
    Event,
    StaffChange,
    StaffChanged,
)
from takeback.ids import StaffId
from takeback.infra import clock
from takeback.infra.db.pool import Database, Tx
from takeback.infra.ledger import store as ledger
from takeback.staff import request_rules as rules
from takeback.staff import requests, service, store
from takeback.staff.model import Asked, Member, Role
from takeback.staff.rules import LINK_LIFETIME

NOW = clock.now()
LONG_AGO = NOW - timedelta(days=400)
ADA, BEA, CLEO = (StaffId(UUID(int=n)) for n in (1, 2, 3))
"""Administrators."""
RUTH, ROSA = (StaffId(UUID(int=n)) for n in (4, 5))
"""Reviewers."""
OPERATOR = None


def add(tx: Tx, staff: StaffId, name: str, role: Role, at=LONG_AGO) -> None:
    """Somebody who works here, with a passkey."""
    store.add_account(tx, staff, name, role, at)
    store.add_passkey(tx, staff, name.encode(), b"key", 0, at)


def staffed(tx: Tx) -> None:
    for staff, name in ((ADA, "Ada"), (BEA, "Bea"), (CLEO, "Cleo")):
        add(tx, staff, name, Role.ADMINISTRATOR)
    for staff, name in ((RUTH, "Ruth"), (ROSA, "Rosa")):
        add(tx, staff, name, Role.REVIEWER)


@pytest.fixture
def tx(database: Database):
    with database.transaction() as opened:
        staffed(opened)
        yield opened


def member(tx: Tx, staff: StaffId) -> Member:
    found = store.member(tx, staff)
    assert found is not None
    return found


def events(tx: Tx, *kinds: type[Event]) -> list[Event]:
    return [each.event for each in reversed(ledger.recent(tx, kinds, 100))]


# --- the fault, and what an attacker would try -----------------------------------------------------------


def test_an_administrator_alone_cannot_become_a_reviewer(tx: Tx):
    """H9: inviting an existing name, and opening the link, decided as that person."""
    asked = requests.invite(tx, "Ruth", Role.REVIEWER, by=ADA, now=NOW)
    assert asked.link == ""
    with pytest.raises(Refused, match="Somebody else"):
        requests.approve(tx, asked.request.id, by=ADA, now=NOW)
    assert tx.execute("select count(*) from staff_link").fetchone() == (0,)
    (request,) = requests.about(tx, RUTH, now=NOW)
    assert (request.asked_by, request.change, request.ended) == (ADA, AccountChange.NEW_WAY_IN, None)


def test_neither_who_asked_nor_who_approved_can_use_the_link_alone(tx: Tx):
    """H9: the approver sees the link, the asker the code; the person concerned gets both."""
    asked = requests.invite(tx, "Ruth", Role.REVIEWER, by=ADA, now=NOW)
    _, token = requests.approve(tx, asked.request.id, by=BEA, now=NOW)
    assert service.link_needs_code(tx, token, now=NOW)
    assert service.use_link(tx, token, now=NOW) is None
    into = service.use_link(tx, token, code=asked.code.lower().replace("-", " "), now=NOW)
    assert into is not None
    assert into.member.id == RUTH


def test_a_code_cannot_be_guessed(tx: Tx):
    asked = requests.invite(tx, "Ruth", Role.REVIEWER, by=ADA, now=NOW)
    _, token = requests.approve(tx, asked.request.id, by=BEA, now=NOW)
    for n in range(rules.MOST_WRONG_CODES):
        assert service.link_needs_code(tx, token, now=NOW) is not None
        assert service.use_link(tx, token, code=f"AAAAA-AAAA{n}", now=NOW) is None
    assert service.link_needs_code(tx, token, now=NOW) is None
    assert service.use_link(tx, token, code=asked.code, now=NOW) is None


def test_a_recovery_ends_all_sessions_and_the_password_and_leaves_passkeys(tx: Tx):
    old = service.open_session(tx, RUTH, service.How.PASSKEY, now=NOW)
    asked = requests.invite(tx, "Ruth", Role.REVIEWER, by=ADA, now=NOW)
    _, token = requests.approve(tx, asked.request.id, by=BEA, now=NOW)
    assert service.resume(tx, old.token, now=NOW) is not None
    assert service.use_link(tx, token, code=asked.code, now=NOW) is not None
    assert service.resume(tx, old.token, now=NOW) is None
    assert member(tx, RUTH).passkeys == 1


def ask(tx: Tx, change: AccountChange, by: StaffId | None = ADA) -> Asked:
    """A request of each kind that needs a second person."""
    match change:
        case AccountChange.NEW_WAY_IN:
            return requests.invite(tx, "ruth", Role.REVIEWER, by=by, now=NOW)
        case AccountChange.ADMINISTRATOR_INVITED:
            return requests.invite(tx, "Nina", Role.ADMINISTRATOR, by=by, now=NOW)
        case AccountChange.MADE_ADMINISTRATOR:
            assert by is not None
            return requests.change_role(tx, RUTH, Role.ADMINISTRATOR, by=by, now=NOW)
        case AccountChange.MADE_REVIEWER:
            assert by is not None
            return requests.change_role(tx, CLEO, Role.REVIEWER, by=by, now=NOW)
        case AccountChange.ENABLED:
            requests.disable(tx, RUTH, by=BEA, now=NOW)
            return requests.enable(tx, RUTH, by=by, now=NOW)
    raise AssertionError(change)


SECOND = sorted(set(AccountChange) - rules.ALONE)


@pytest.mark.parametrize("change", SECOND)
def test_each_change_waits_for_a_second_person_and_names_both(tx: Tx, change: AccountChange):
    before = store.members(tx)
    asked = ask(tx, change)
    if change is not AccountChange.ENABLED:
        assert store.members(tx) == before
    (request,) = [each for each in requests.about(tx, asked.request.staff, now=NOW) if each.ended is None]
    assert request.asked_by == ADA
    requests.approve(tx, asked.request.id, by=BEA, now=NOW)
    staff = asked.request.staff
    assert events(tx, AccountChangeAsked)[-1] == AccountChangeAsked(asked.request.id, staff, change, ADA)
    assert events(tx, AccountChangeApproved) == [AccountChangeApproved(asked.request.id, staff, change, BEA)]
    (done,) = [each for each in requests.about(tx, staff, now=NOW) if each.id == asked.request.id]
    assert (done.asked_by, done.ended_by, done.ended_at) == (ADA, BEA, NOW)
    with pytest.raises(Refused, match="answered already"):
        requests.approve(tx, asked.request.id, by=BEA, now=NOW)


@pytest.mark.parametrize("change", SECOND)
@pytest.mark.parametrize("by", ["asker", "reviewer", "concerned", "operator", "fresh", "no way in", "gone"])
def test_who_is_not_the_second_person_cannot_approve(tx: Tx, change: AccountChange, by: str):
    asked = ask(tx, change)
    who = uuid4()
    if by == "fresh":
        add(tx, StaffId(who), "Fresh", Role.ADMINISTRATOR, NOW - rules.MATURE + timedelta(seconds=1))
    if by == "no way in":
        store.add_account(tx, StaffId(who), "Invited", Role.ADMINISTRATOR, LONG_AGO)
    if by == "gone":
        add(tx, StaffId(who), "Gone", Role.ADMINISTRATOR)
        store.set_disabled(tx, StaffId(who), disabled=True)
    known = {"asker": ADA, "reviewer": ROSA, "concerned": asked.request.staff, "operator": OPERATOR}
    with pytest.raises(Refused):
        requests.approve(tx, asked.request.id, by=known.get(by, StaffId(who)), now=NOW)


def test_where_there_is_one_administrator_only_the_operator_approves(database: Database):
    with database.transaction() as tx:
        add(tx, ADA, "Ada", Role.ADMINISTRATOR)
        add(tx, RUTH, "Ruth", Role.REVIEWER)
        asked = requests.change_role(tx, RUTH, Role.ADMINISTRATOR, by=ADA, now=NOW)
        assert requests.seconds(tx, asked.request, now=NOW) == ()
        requests.approve(tx, asked.request.id, by=OPERATOR, now=NOW)
        assert member(tx, RUTH).role is Role.ADMINISTRATOR
        assert events(tx, StaffChanged) == [StaffChanged(RUTH, StaffChange.MADE_ADMINISTRATOR, ADA)]
        again = requests.invite(tx, "Nina", Role.ADMINISTRATOR, by=ADA, now=NOW + timedelta(hours=1))
        with pytest.raises(Refused):  # an administrator of an hour is no second person yet
            requests.approve(tx, again.request.id, by=RUTH, now=NOW + timedelta(hours=1))
        requests.approve(tx, again.request.id, by=RUTH, now=NOW + rules.MATURE)


def test_what_was_asked_by_somebody_who_is_no_administrator_any_more_is_not_done(tx: Tx):
    asked = ask(tx, AccountChange.MADE_ADMINISTRATOR)
    requests.disable(tx, ADA, by=BEA, now=NOW)
    with pytest.raises(Refused, match="no administrator"):
        requests.approve(tx, asked.request.id, by=CLEO, now=NOW)


def test_a_request_lapses_and_can_be_asked_again(tx: Tx):
    asked, later = ask(tx, AccountChange.NEW_WAY_IN), NOW + rules.LAPSES
    with pytest.raises(Refused, match="already"):
        ask(tx, AccountChange.NEW_WAY_IN, CLEO)
    with pytest.raises(Refused, match="three days"):
        requests.approve(tx, asked.request.id, by=BEA, now=later)
    assert requests.waiting(tx, now=later) == ()
    requests.invite(tx, "Ruth", Role.REVIEWER, by=CLEO, now=later)


@pytest.mark.parametrize("by", [ADA, BEA, RUTH, OPERATOR])
def test_who_asked_whom_it_concerns_an_administrator_and_the_operator_can_stop_it(tx: Tx, by: StaffId | None):
    asked = ask(tx, AccountChange.NEW_WAY_IN)
    requests.refuse(tx, asked.request.id, by=by, now=NOW)
    assert events(tx, AccountChangeRefused) == [
        AccountChangeRefused(asked.request.id, RUTH, AccountChange.NEW_WAY_IN, by)
    ]
    with pytest.raises(Refused):
        requests.approve(tx, asked.request.id, by=BEA, now=NOW)


def test_another_reviewer_cannot_stop_it_and_learns_nothing(tx: Tx):
    asked = ask(tx, AccountChange.NEW_WAY_IN)
    with pytest.raises(NotFound):
        requests.refuse(tx, asked.request.id, by=ROSA, now=NOW)
    assert requests.about(tx, ROSA, now=NOW) == ()
    assert requests.answerable(tx, member(tx, ROSA), now=NOW) == 0
    assert [requests.answerable(tx, member(tx, each), now=NOW) for each in (ADA, BEA)] == [0, 1]


def test_an_account_is_closed_at_once_by_one_and_the_last_administrator_is_not(tx: Tx):
    """In an emergency one administrator takes power away; she cannot take away the last of it."""
    for staff in (BEA, CLEO, RUTH):
        requests.disable(tx, staff, by=ADA, now=NOW)
        assert member(tx, staff).disabled
    with pytest.raises(Refused):
        requests.disable(tx, ADA, by=ADA, now=NOW)
    with pytest.raises(Refused, match="Only an administrator"):
        requests.disable(tx, ADA, by=BEA, now=NOW)
    requests.enable(tx, BEA, by=OPERATOR, now=NOW)
    assert not member(tx, BEA).disabled


def test_a_new_reviewer_is_invited_by_one_and_the_event_names_her(tx: Tx):
    asked = requests.invite(tx, "Nora", Role.REVIEWER, by=ADA, now=NOW)
    staff = asked.request.staff
    assert events(tx, AccountChangeAsked) == [
        AccountChangeAsked(asked.request.id, staff, AccountChange.REVIEWER_INVITED, ADA)
    ]
    again = requests.invite(tx, "nora", Role.REVIEWER, by=BEA, now=NOW)  # the first was never opened
    assert again.request.staff == staff
    assert service.use_link(tx, asked.link, now=NOW) is None
    assert service.use_link(tx, again.link, now=NOW) is not None
    third = requests.invite(tx, "Nora", Role.REVIEWER, by=ADA, now=NOW)
    assert (third.link, third.request.change) == ("", AccountChange.NEW_WAY_IN)


def test_a_link_from_before_a_change_of_role_does_not_open_the_new_role(tx: Tx):
    """H9: invite a reviewer, keep her link, and have her made an administrator."""
    invited = requests.invite(tx, "Nora", Role.REVIEWER, by=ADA, now=NOW)
    asked = requests.change_role(tx, invited.request.staff, Role.ADMINISTRATOR, by=ADA, now=NOW)
    requests.approve(tx, asked.request.id, by=BEA, now=NOW)
    assert service.use_link(tx, invited.link, now=NOW) is None
    again = requests.invite(tx, "Nora", Role.ADMINISTRATOR, by=ADA, now=NOW)
    assert again.link == ""


@pytest.mark.parametrize("change", [AccountChange.NEW_WAY_IN, AccountChange.MADE_REVIEWER])
def test_the_person_is_told_until_this_browser_has_heard(tx: Tx, change: AccountChange):
    asked = ask(tx, change)
    requests.approve(tx, asked.request.id, by=BEA, now=NOW)
    (request, *_) = requests.about(tx, asked.request.staff, now=NOW)
    assert rules.is_news(request, None, NOW)
    assert rules.is_news(request, NOW - timedelta(seconds=1), NOW)
    assert not rules.is_news(request, NOW, NOW)
    assert not rules.is_news(request, None, NOW + rules.NEWS_FOR)


# --- all of it, in any order -----------------------------------------------------------------------------


@dataclass
class World:
    """What each person knows, and what can be said of the accounts."""

    tx: Tx
    links: dict[StaffId | None, set[str]] = field(default_factory=dict)
    codes: dict[StaffId | None, set[str]] = field(default_factory=dict)

    def learn(self, who: StaffId | None, link: str, code: str) -> None:
        self.links.setdefault(who, set()).update(filter(None, [link]))
        self.codes.setdefault(who, {""}).update(filter(None, [code]))


OPS = ["invite", "invite_admin", "role", "enable", "disable", "approve", "refuse"]
_step = st.tuples(
    st.sampled_from(OPS),
    st.sampled_from([ADA, BEA, CLEO, RUTH, OPERATOR]),
    st.integers(0, 30),
    st.sampled_from(Role),
)


@given(steps=st.lists(_step, max_size=14))
def test_no_account_gains_a_way_in_or_a_role_by_one_person(database: Database, steps: Sequence[tuple]):
    """H9: over all sequences, a role or a way in takes two people other than the person herself, or the
    operator; only an account that nobody has used is invited by one.
    """
    with database.transaction() as tx, tx.transaction():
        staffed(tx)
        world = World(tx)
        for step in steps:
            before = {each.id: each for each in store.members(tx)}
            waiting = {each.id: each for each in requests.waiting(tx, now=NOW)}
            approved = play(world, *step)
            check_gains(tx, step[1], before, waiting, approved)
            check_links(world)
        raise Rollback


def play(world: World, op: str, by: StaffId | None, n: int, role: Role) -> UUID | None:
    """One step, if it is not refused; the request that was approved."""
    tx = world.tx
    team, waiting = store.members(tx), requests.waiting(tx, now=NOW)
    person = team[n % len(team)]
    try:
        with tx.transaction():
            match op:
                case "invite" | "invite_admin":
                    name = [person.name, "Nina", "Nora"][n % 3]
                    wanted = Role.ADMINISTRATOR if op == "invite_admin" else person.role
                    made = requests.invite(tx, name, wanted, by=by, now=NOW)
                    world.learn(by, made.link, made.code)
                case "role" if by is not None:
                    requests.change_role(tx, person.id, role, by=by, now=NOW)
                case "enable":
                    requests.enable(tx, person.id, by=by, now=NOW)
                case "disable" if by is not None:
                    requests.disable(tx, person.id, by=by, now=NOW)
                case "approve" if waiting:
                    request = waiting[n % len(waiting)].id
                    _, token = requests.approve(tx, request, by=by, now=NOW)
                    world.learn(by, token, "")
                    return request
                case "refuse" if waiting:
                    requests.refuse(tx, waiting[n % len(waiting)].id, by=by, now=NOW)
    except (Refused, NotFound):
        pass
    return None


def check_gains(tx: Tx, actor: StaffId | None, before: dict, waiting: dict, approved: UUID | None) -> None:
    for now_is in store.members(tx):
        was = before.get(now_is.id)
        more_role = now_is.role is not Role.REVIEWER if was is None else now_is.role is not was.role
        opened = was is not None and was.disabled and not now_is.disabled
        if not (more_role or opened) or (actor is OPERATOR and approved is None):
            continue
        assert approved is not None, "a role or an opened account without an approval"
        request = waiting[approved]
        assert request.staff == now_is.id
        assert len({request.asked_by, actor, now_is.id}) == 3
        for who in (request.asked_by, actor):
            assert who is None or (before[who].role is Role.ADMINISTRATOR and not before[who].disabled)
    assert any(each.role is Role.ADMINISTRATOR and not each.disabled for each in store.members(tx))


def check_links(world: World) -> None:
    """With all that one person was shown, nobody comes into an account that was somebody's."""
    tx = world.tx
    for who, links in world.links.items():
        for link, code in product(links, world.codes[who]):
            owner = store.owner_of_link(tx, service._hash(link))
            was = None if owner is None else store.member(tx, owner)
            with tx.transaction():
                into = service.use_link(tx, link, code=code, now=NOW)
                if into is not None and who is not OPERATOR:
                    assert was is not None
                    assert not was.used
                    assert was.role is Role.REVIEWER
                raise Rollback


def test_a_link_that_was_approved_ends_like_any_other(tx: Tx):
    asked = ask(tx, AccountChange.ADMINISTRATOR_INVITED)
    _, token = requests.approve(tx, asked.request.id, by=BEA, now=NOW)
    assert service.use_link(tx, token, code=asked.code, now=NOW + LINK_LIFETIME) is None
    into = service.use_link(tx, token, code=asked.code, now=NOW)
    assert into is not None
    assert into.member.role is Role.ADMINISTRATOR
