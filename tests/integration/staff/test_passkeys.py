"""What a passkey ceremony refuses; that it works is shown by the journeys, with a browser's authenticator."""

from uuid import uuid4

import pytest

from takeback.errors import Refused, TooManyAttempts
from takeback.ground import clock
from takeback.ground.db.pool import Database, Tx
from takeback.staff import passkeys, rules, service, store
from takeback.staff.model import Role, Session, Site

SITE = Site("http://localhost:8181", "Takeback")
NOW = clock.now()
JUNK = ["", "{}", "no JSON", '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}']


def opened(tx: Tx) -> Session:
    into = service.use_link(tx, service.invite(tx, "Ada", Role.REVIEWER, now=NOW), now=NOW)
    assert into is not None
    session = service.resume(tx, into.token, now=NOW)
    assert session is not None
    return session


@pytest.mark.parametrize("junk", JUNK)
def test_a_wrong_answer_opens_nothing_and_uses_the_challenge_up(database: Database, junk: str):
    with database.transaction() as tx:
        ceremony = passkeys.begin_sign_in(tx, SITE, now=NOW)
        assert passkeys.finish_sign_in(tx, SITE, ceremony.id, junk, now=NOW) is None
        assert store.take_challenge(tx, ceremony.id, None, NOW) is None


@pytest.mark.parametrize("junk", JUNK)
def test_a_wrong_answer_registers_nothing(database: Database, junk: str):
    with database.transaction() as tx:
        session = opened(tx)
        ceremony = passkeys.begin_registration(tx, SITE, session, now=NOW)
        with pytest.raises(Refused, match="does not fit"):
            passkeys.finish_registration(tx, SITE, session, ceremony.id, junk, now=NOW)
        assert passkeys.of_member(tx, session.member) == ()


def test_a_challenge_lasts_minutes_and_is_for_who_asked(database: Database):
    with database.transaction() as tx:
        session = opened(tx)
        ceremony = passkeys.begin_registration(tx, SITE, session, now=NOW)
        assert store.take_challenge(tx, ceremony.id, None, NOW) is None
        late = NOW + rules.CEREMONY_LIFETIME
        assert store.take_challenge(tx, ceremony.id, session.member.id, late) is None
        with pytest.raises(Refused, match="too long"):
            passkeys.finish_registration(tx, SITE, session, uuid4(), "{}", now=NOW)


def test_strangers_cannot_fill_the_table_with_ceremonies(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(passkeys, "MOST_CEREMONIES", 2)
    with database.transaction() as tx:
        passkeys.begin_sign_in(tx, SITE, now=NOW)
        passkeys.begin_sign_in(tx, SITE, now=NOW)
        with pytest.raises(TooManyAttempts):
            passkeys.begin_sign_in(tx, SITE, now=NOW)
        passkeys.begin_sign_in(tx, SITE, now=NOW + rules.CEREMONY_LIFETIME)


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
