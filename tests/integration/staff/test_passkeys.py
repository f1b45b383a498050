"""What a passkey ceremony refuses; that it works is shown by the journeys, with a browser's authenticator."""

import pytest

from authenticator import Authenticator
from takeback.errors import Refused
from takeback.infra import clock
from takeback.infra.db.pool import Database, Tx
from takeback.staff import passkeys, rules, service, store
from takeback.staff.model import Role, Session, Site
from takeback.staff.secret import Secret

SITE = Site("http://localhost:8181", "Takeback")
SECRET = Secret(b"k" * 32)
NOW = clock.now()
JUNK = [
    "",
    "{}",
    "no JSON",
    "[" * 60_000,
    "null",
    "\0",
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}',
]


def opened(tx: Tx, name: str = "Ada") -> Session:
    into = service.use_link(tx, service.invite(tx, name, Role.REVIEWER, now=NOW), now=NOW)
    assert into is not None
    session = service.resume(tx, into.token, now=NOW)
    assert session is not None
    return session


@pytest.mark.parametrize("junk", JUNK)
def test_a_wrong_answer_opens_nothing(database: Database, junk: str):
    with database.transaction() as tx:
        assert passkeys.finish_sign_in(tx, SITE, SECRET, "browser", junk, now=NOW) is None


@pytest.mark.parametrize("junk", JUNK)
def test_a_wrong_answer_registers_nothing(database: Database, junk: str):
    with database.transaction() as tx:
        session = opened(tx)
        with pytest.raises(Refused, match="does not fit"):
            passkeys.finish_registration(tx, SITE, SECRET, session, junk, now=NOW)
        assert passkeys.of_member(tx, session.member) == ()


def test_a_challenge_lasts_minutes_and_is_for_the_session_that_asked(database: Database):
    with database.transaction() as tx:
        session, other = opened(tx), opened(tx, "Bea")
        for who, now in ((session, NOW + rules.CEREMONY_LIFETIME), (other, NOW)):
            made = Authenticator(SITE).create(passkeys.begin_registration(tx, SITE, SECRET, session, now=NOW))
            with pytest.raises(Refused, match="too long"):
                passkeys.finish_registration(tx, SITE, SECRET, who, made, now=now)
        made = Authenticator(SITE).create(passkeys.begin_registration(tx, SITE, SECRET, session, now=NOW))
        passkeys.finish_registration(tx, SITE, SECRET, session, made, now=NOW)
        assert len(passkeys.of_member(tx, session.member)) == 1


def test_s4_a_challenge_lets_its_browser_in_once_and_no_other(database: Database):
    """S4: nothing is stored before somebody is in; what was used is not taken again until it is too old."""
    device = Authenticator(SITE)
    with database.transaction() as tx:
        session = opened(tx)
        made = device.create(passkeys.begin_registration(tx, SITE, SECRET, session, now=NOW))
        passkeys.finish_registration(tx, SITE, SECRET, session, made, now=NOW)
        said = device.get(passkeys.begin_sign_in(SITE, SECRET, "hers", now=NOW), session.member.id.bytes)
        late = NOW + rules.CEREMONY_LIFETIME
        assert passkeys.finish_sign_in(tx, SITE, SECRET, "another", said, now=NOW) is None
        assert passkeys.finish_sign_in(tx, SITE, SECRET, "hers", said, now=late) is None
        assert passkeys.finish_sign_in(tx, SITE, Secret(b"o" * 32), "hers", said, now=NOW) is None
        assert passkeys.finish_sign_in(tx, SITE, SECRET, "hers", said, now=NOW) is not None
        assert passkeys.finish_sign_in(tx, SITE, SECRET, "hers", said, now=NOW) is None


def test_s4_strangers_who_ask_for_challenges_fill_nothing_and_hold_nobody_up(database: Database):
    """S4: a thousand challenges without a log-in cost no row, and the next one is given."""
    for _ in range(1100):
        passkeys.begin_sign_in(SITE, SECRET, "stranger", now=NOW)
    with database.transaction() as tx:
        assert tx.execute("select from staff_challenge").fetchone() is None
        session, device = opened(tx), Authenticator(SITE)
        made = device.create(passkeys.begin_registration(tx, SITE, SECRET, session, now=NOW))
        passkeys.finish_registration(tx, SITE, SECRET, session, made, now=NOW)
        said = device.get(passkeys.begin_sign_in(SITE, SECRET, "hers", now=NOW), session.member.id.bytes)
        assert passkeys.finish_sign_in(tx, SITE, SECRET, "hers", said, now=NOW) is not None


def test_the_only_way_in_cannot_be_removed(database: Database):
    with database.transaction() as tx:
        session = opened(tx)
        store.add_passkey(tx, session.member.id, b"first", b"key", 0, NOW)
        session = store.sessions(tx, store.members(tx)[0])[0]
        with pytest.raises(Refused, match="only way in"):
            passkeys.remove(tx, session, b"first", now=NOW)
        store.add_passkey(tx, session.member.id, b"second", b"key", 0, NOW)
        session = store.sessions(tx, store.members(tx)[0])[0]
        passkeys.remove(tx, session, b"first", now=NOW)
        assert [known.credential_id for known in passkeys.of_member(tx, session.member)] == [b"second"]
