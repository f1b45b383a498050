"""The tables staff_*, and no others."""

from datetime import datetime
from uuid import UUID

from psycopg import sql
from psycopg.rows import TupleRow

from takeback.ids import StaffId
from takeback.infra.db.pool import Tx
from takeback.staff.model import ApiKey, Failures, Member, Passkey, Role, Session

_MEMBERS = sql.SQL("""
    select a.id, a.name, a.role, a.disabled, a.password_hash is not null,
           (select count(*) from staff_passkey p where p.staff_id = a.id), a.made_at, a.administrator_since,
           exists (select from staff_link l where l.staff_id = a.id and l.used_at is not null)
    from staff_account a {}
""")
_SESSIONS = sql.SQL("""
    select s.token_hash, s.staff_id, s.opened_at, s.seen_at, s.ends_at
    from staff_session s join staff_account a on a.id = s.staff_id
    where not a.disabled and {}
""")


def _member(row: TupleRow) -> Member:
    staff, name, role, disabled, has_password, passkeys, made_at, since, used = row
    can_return = has_password or passkeys > 0
    return Member(
        StaffId(staff), name, Role(role), disabled, has_password, passkeys, made_at, since, used or can_return
    )


# --- accounts --------------------------------------------------------------------------------------------


def members(tx: Tx) -> tuple[Member, ...]:
    """Everybody, by name."""
    rows = tx.execute(_MEMBERS.format(sql.SQL("order by lower(a.name)")))
    return tuple(_member(row) for row in rows)


def member(tx: Tx, staff: StaffId) -> Member | None:
    """One account."""
    row = tx.execute(_MEMBERS.format(sql.SQL("where a.id = %s")), (staff,)).fetchone()
    return _member(row) if row else None


def member_by_name(tx: Tx, name: str) -> Member | None:
    """One account; upper and lower case are the same."""
    row = tx.execute(_MEMBERS.format(sql.SQL("where lower(a.name) = lower(%s)")), (name,)).fetchone()
    return _member(row) if row else None


def lock_accounts(tx: Tx) -> None:
    """Let nobody else change accounts until the transaction ends."""
    tx.execute("lock table staff_account in share row exclusive mode")


def add_account(tx: Tx, staff: StaffId, name: str, role: Role, now: datetime) -> None:
    """A new account without any way in."""
    tx.execute(
        "insert into staff_account (id, name, role, made_at, administrator_since)"
        " values (%s, %s, %s, %s, %s)",
        (staff, name, role, now, now if role is Role.ADMINISTRATOR else None),
    )


def set_role(tx: Tx, staff: StaffId, role: Role, now: datetime) -> None:
    """Change what an account may do."""
    since = now if role is Role.ADMINISTRATOR else None
    tx.execute(
        "update staff_account set role = %s, administrator_since = %s where id = %s", (role, since, staff)
    )


def set_disabled(tx: Tx, staff: StaffId, *, disabled: bool) -> None:
    """Close an account, or open it again."""
    tx.execute("update staff_account set disabled = %s where id = %s", (disabled, staff))


# --- passwords and codes ---------------------------------------------------------------------------------


def password_of(tx: Tx, name: str) -> tuple[StaffId, str, str, int] | None:
    """Id, password hash, sealed code secret and last used step of an open account that has a password."""
    row = tx.execute(
        """
        select id, password_hash, totp_secret, totp_used from staff_account
        where lower(name) = lower(%s) and not disabled
          and password_hash is not null and totp_secret is not null
        """,
        (name,),
    ).fetchone()
    return (StaffId(row[0]), row[1], row[2], row[3]) if row else None


def set_password(
    tx: Tx, staff: StaffId, password_hash: str | None, totp_secret: str | None, used: int
) -> None:
    """Set, or take away, the password and its code generator."""
    tx.execute(
        "update staff_account set password_hash = %s, totp_secret = %s, totp_used = %s where id = %s",
        (password_hash, totp_secret, used, staff),
    )


def replace_password_hash(tx: Tx, staff: StaffId, password_hash: str) -> None:
    """The same password, hashed with today's cost."""
    tx.execute("update staff_account set password_hash = %s where id = %s", (password_hash, staff))


def use_code(tx: Tx, staff: StaffId, step: int) -> bool:
    """Mark a code as used. False if it, or a later one, was used meanwhile."""
    return (
        tx.execute(
            "update staff_account set totp_used = %s where id = %s and totp_used < %s", (step, staff, step)
        ).rowcount
        == 1
    )


# --- passkeys --------------------------------------------------------------------------------------------


def passkeys(tx: Tx, staff: StaffId) -> tuple[Passkey, ...]:
    """A member's passkeys, oldest first."""
    return tuple(
        Passkey(*row)
        for row in tx.execute(
            """
            select credential_id, made_at from staff_passkey
            where staff_id = %s order by made_at, credential_id
            """,
            (staff,),
        )
    )


def passkey(tx: Tx, credential_id: bytes) -> tuple[StaffId, bytes, int] | None:
    """Owner, public key and signature counter of a passkey; locked until the transaction ends."""
    row = tx.execute(
        "select staff_id, public_key, sign_count from staff_passkey where credential_id = %s for update",
        (credential_id,),
    ).fetchone()
    return (StaffId(row[0]), row[1], row[2]) if row else None


def add_passkey(
    tx: Tx, staff: StaffId, credential_id: bytes, public_key: bytes, sign_count: int, now: datetime
) -> bool:
    """Keep a passkey. False if its id is taken."""
    return (
        tx.execute(
            """
            insert into staff_passkey (credential_id, staff_id, public_key, sign_count, made_at)
            values (%s, %s, %s, %s, %s) on conflict do nothing
            """,
            (credential_id, staff, public_key, sign_count, now),
        ).rowcount
        == 1
    )


def count_signature(tx: Tx, credential_id: bytes, sign_count: int) -> None:
    """Remember a passkey's signature counter."""
    tx.execute(
        "update staff_passkey set sign_count = %s where credential_id = %s", (sign_count, credential_id)
    )


def remove_passkey(tx: Tx, staff: StaffId, credential_id: bytes) -> None:
    """Forget one of a member's passkeys."""
    tx.execute("delete from staff_passkey where staff_id = %s and credential_id = %s", (staff, credential_id))


def use_challenge(tx: Tx, challenge: UUID, ends_at: datetime, now: datetime) -> bool:
    """Remember that a challenge let somebody in, until its time is over. False if it did before."""
    tx.execute("delete from staff_challenge where ends_at <= %s", (now,))
    return (
        tx.execute(
            "insert into staff_challenge (id, challenge, ends_at) values (%s, '', %s) on conflict do nothing",
            (challenge, ends_at),
        ).rowcount
        == 1
    )


# --- sessions and links ----------------------------------------------------------------------------------


def add_session(tx: Tx, token_hash: bytes, staff: StaffId, now: datetime, ends_at: datetime) -> None:
    """Keep a session; those that ran out are forgotten."""
    tx.execute("delete from staff_session where ends_at <= %s", (now,))
    tx.execute(
        """
        insert into staff_session (token_hash, staff_id, opened_at, seen_at, ends_at)
        values (%s, %s, %s, %s, %s)
        """,
        (token_hash, staff, now, now, ends_at),
    )


def session(tx: Tx, token_hash: bytes) -> Session | None:
    """The session of an account that is not disabled."""
    row = tx.execute(_SESSIONS.format(sql.SQL("s.token_hash = %s")), (token_hash,)).fetchone()
    owner = member(tx, StaffId(row[1])) if row else None
    return Session(row[0], owner, row[2], row[3], row[4]) if row and owner else None


def sessions(tx: Tx, owner: Member) -> tuple[Session, ...]:
    """A member's sessions, latest first."""
    rows = tx.execute(_SESSIONS.format(sql.SQL("s.staff_id = %s order by s.seen_at desc")), (owner.id,))
    return tuple(Session(row[0], owner, row[2], row[3], row[4]) for row in rows)


def touch_session(tx: Tx, token_hash: bytes, now: datetime) -> None:
    """Something was done."""
    tx.execute(
        "update staff_session set seen_at = greatest(seen_at, %s) where token_hash = %s", (now, token_hash)
    )


def end_session(tx: Tx, token_hash: bytes) -> None:
    """Forget one session."""
    tx.execute("delete from staff_session where token_hash = %s", (token_hash,))


def end_sessions(tx: Tx, staff: StaffId, *, but: bytes = b"") -> None:
    """Forget a member's sessions, except one."""
    tx.execute("delete from staff_session where staff_id = %s and token_hash <> %s", (staff, but))


def add_link(
    tx: Tx, token_hash: bytes, staff: StaffId, ends_at: datetime, code_hash: bytes | None = None
) -> None:
    """A one-time link, with the code that it needs; the member's earlier ones stop working."""
    tx.execute("delete from staff_link where staff_id = %s and used_at is null", (staff,))
    tx.execute(
        "insert into staff_link (token_hash, staff_id, ends_at, code_hash) values (%s, %s, %s, %s)",
        (token_hash, staff, ends_at, code_hash),
    )


def drop_links(tx: Tx, staff: StaffId) -> None:
    """A member's unused links stop working."""
    tx.execute("delete from staff_link where staff_id = %s and used_at is null", (staff,))


def link_waits(tx: Tx, token_hash: bytes, now: datetime) -> bool | None:
    """Return whether a link that could be used now needs a code; None: there is no such link."""
    row = tx.execute(
        "select code_hash is not null from staff_link"
        " where token_hash = %s and used_at is null and ends_at > %s",
        (token_hash, now),
    ).fetchone()
    return None if row is None else row[0]


def owner_of_link(tx: Tx, token_hash: bytes) -> StaffId | None:
    """Return the owner of a link, whether or not it can be used."""
    row = tx.execute("select staff_id from staff_link where token_hash = %s", (token_hash,)).fetchone()
    return None if row is None else StaffId(row[0])


def use_link(tx: Tx, token_hash: bytes, code_hash: bytes, most_wrong: int, now: datetime) -> StaffId | None:
    """Use a link up and return its owner. The second of two callers waits, and then finds it used.

    A code that does not fit is counted; after `most_wrong` of them the link has ended.
    """
    row = tx.execute(
        """
        update staff_link set used_at = %(now)s
        where token_hash = %(hash)s and used_at is null and ends_at > %(now)s
          and wrong < %(most)s and (code_hash is null or code_hash = %(code)s)
          and exists (select from staff_account a where a.id = staff_id and not a.disabled)
        returning staff_id
        """,
        {"hash": token_hash, "code": code_hash, "most": most_wrong, "now": now},
    ).fetchone()
    if row is None:
        tx.execute(
            "update staff_link set wrong = wrong + 1,"
            " ends_at = case when wrong + 1 >= %s then least(ends_at, %s) else ends_at end"
            " where token_hash = %s and used_at is null and code_hash is not null and code_hash <> %s",
            (most_wrong, now, token_hash, code_hash),
        )
        return None
    return StaffId(row[0])


# --- failed log-ins --------------------------------------------------------------------------------------


def lock_attempts(tx: Tx) -> None:
    """Let attempts be counted one after the other, so that many at once are not all the first."""
    tx.execute("lock table staff_attempt in share row exclusive mode")


def failures(tx: Tx, whom: bytes, source: bytes, since: datetime) -> Failures:
    """Failed log-ins of one name from one source, after `since`."""
    row = tx.execute(
        "select count(*), max(at) from staff_attempt where whom = %s and source = %s and at > %s",
        (whom, source, since),
    ).fetchone()
    assert row is not None
    return Failures(row[0], row[1])


def failures_of_strangers(tx: Tx, whom: bytes, since: datetime) -> Failures:
    """Failed log-ins of one name from where it never came in, after `since`."""
    row = tx.execute(
        """
        select count(*), max(at) from staff_attempt a
        where whom = %s and at > %s
          and not exists (select from staff_known_source k where k.whom = a.whom and k.source = a.source)
        """,
        (whom, since),
    ).fetchone()
    assert row is not None
    return Failures(row[0], row[1])


def add_attempt(tx: Tx, whom: bytes, source: bytes, now: datetime, keep_since: datetime, most: int) -> None:
    """Count an attempt; those before `keep_since`, and all but the newest `most`, are forgotten."""
    tx.execute("delete from staff_attempt where at <= %s", (keep_since,))
    tx.execute("insert into staff_attempt (whom, source, at) values (%s, %s, %s)", (whom, source, now))
    tx.execute("delete from staff_attempt where id <= (select max(id) from staff_attempt) - %s", (most,))


def forgive(tx: Tx, whom: bytes, source: bytes) -> None:
    """Forget a name's failures from one source: its owner is in."""
    tx.execute("delete from staff_attempt where whom = %s and source = %s", (whom, source))


def is_known_source(tx: Tx, whom: bytes, source: bytes, since: datetime) -> bool:
    """Return whether a name came in from there after `since`."""
    row = tx.execute(
        "select from staff_known_source where whom = %s and source = %s and at > %s", (whom, source, since)
    ).fetchone()
    return row is not None


def remember_source(tx: Tx, whom: bytes, source: bytes, now: datetime, keep_since: datetime) -> None:
    """Remember from where a name came in; what is older than `keep_since` is forgotten."""
    tx.execute("delete from staff_known_source where at <= %s", (keep_since,))
    tx.execute(
        """
        insert into staff_known_source (whom, source, at) values (%s, %s, %s)
        on conflict (whom, source) do update set at = excluded.at
        """,
        (whom, source, now),
    )


# --- API keys --------------------------------------------------------------------------------------------


def api_keys(tx: Tx) -> tuple[ApiKey, ...]:
    """All keys, also revoked ones, by name."""
    return tuple(
        ApiKey(*row)
        for row in tx.execute("select name, made_at, revoked_at from staff_api_key order by lower(name)")
    )


def add_api_key(tx: Tx, key_hash: bytes, name: str, now: datetime) -> bool:
    """Keep a key. False if the name is taken."""
    return (
        tx.execute(
            "insert into staff_api_key (key_hash, name, made_at) values (%s, %s, %s) on conflict do nothing",
            (key_hash, name, now),
        ).rowcount
        == 1
    )


def revoke_api_key(tx: Tx, name: str, now: datetime) -> bool:
    """The key stops working. False if there is none of that name that works."""
    return (
        tx.execute(
            "update staff_api_key set revoked_at = %s where name = %s and revoked_at is null", (now, name)
        ).rowcount
        == 1
    )


def api_key_name(tx: Tx, key_hash: bytes) -> str | None:
    """Return the name of a key that works."""
    row = tx.execute(
        "select name from staff_api_key where key_hash = %s and revoked_at is null", (key_hash,)
    ).fetchone()
    return row[0] if row else None
