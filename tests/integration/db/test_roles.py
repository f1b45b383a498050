"""The portal's role can put a report down, for one receipt ask how it stands and take its package out, and
keep, read and wipe one draft whose locator it has.

Everything else is refused.
"""

import threading
import uuid

import psycopg
import pytest
from psycopg import sql

from takeback.submissions import service

INSUFFICIENT = psycopg.errors.InsufficientPrivilege
LOCATOR = bytes(range(32))


@pytest.fixture
def portal(postgres, database_url):
    """A connection as the portal has it."""
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(postgres.url_of(name, "takeback_portal"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(database_url):
    """A connection as the owner has it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def put_down(portal, locator=LOCATOR):
    portal.execute("insert into submissions_report (locator, sealed) values (%s, %s)", (locator, b"sealed"))


def status(portal, locator=LOCATOR):
    row = portal.execute("select report_status(%s)", (locator,)).fetchone()
    return row and row[0]


def relations(owner, kinds):
    rows = owner.execute(
        "select c.oid::regclass::text from pg_class c "
        "where c.relnamespace = 'public'::regnamespace and c.relkind = any(%s) order by 1",
        (kinds,),
    )
    return [name for (name,) in rows]


def test_it_puts_a_report_down_and_asks_for_its_status(portal, owner):
    put_down(portal)
    assert owner.execute("select locator, sealed from submissions_report").fetchone() == (LOCATOR, b"sealed")
    answer = status(portal)
    assert answer["case"] is None
    assert answer["copies"] == []


def test_an_unknown_or_expired_receipt_has_no_status(portal, owner):
    assert status(portal) is None
    put_down(portal)
    owner.execute("update submissions_report set expires_at = now() - interval '1 second'")
    assert status(portal) is None


@pytest.fixture
def case(portal, owner):
    """A report with four copies in two places; one was excluded, and of the last no decision speaks."""
    put_down(portal)
    report = owner.execute("select id from submissions_report").fetchone()[0]
    case = uuid.uuid4()
    owner.execute(
        "insert into cases_case (id, report_id, opened_at, due_at, due_clock, status, changed_at) "
        "values (%s, %s, now(), now(), 'house', 'open', now() + interval '1 second')",
        (case, report),
    )
    for message, place in (("m1", "a"), ("m2", "b"), ("m3", "b"), ("m4", "b"), ("m5", "b")):
        sighting = owner.execute(
            "insert into sightings_post "
            "(connector, place, message, media, sender, posted_at, seen_at, state) "
            "values ('matrix', %s, %s, 'x', 'poster', now(), now(), 'unread') returning id",
            (place, message),
        ).fetchone()[0]
        owner.execute(
            "insert into cases_copy (case_id, sighting_id, found_by, negative, added_at, excluded) "
            "values (%s, %s, 'report', false, now(), %s)",
            (case, sighting, message == "m4"),
        )
        if message != "m5":
            owner.execute(
                "insert into takedown_target (id, case_id, sighting_id, connector, place, message, media, "
                "state, planned_at, changed_at) "
                "values (%s, %s, %s, 'matrix', %s, %s, 'x', 'planned', now(), now())",
                (uuid.uuid4(), case, sighting, place, message),
            )
    return case


def decided(owner, case, verdict, *, state="effective", status="removing"):
    owner.execute(
        "insert into cases_decision "
        "(id, case_id, verdict, reason, staff_id, decided_at, effective_at, state) "
        "values (%s, %s, %s, 'not_intimate', %s, clock_timestamp(), now(), %s)",
        (uuid.uuid4(), case, verdict, uuid.uuid4(), state),
    )
    owner.execute("update cases_case set status = %s", (status,))


def test_the_status_says_how_the_decided_copies_stand_and_names_none(portal, owner, case):
    decided(owner, case, "shared_without_consent")
    answer = status(portal)
    assert answer["case"]["status"] == "removing"
    assert [(c["place"], c["state"]) for c in answer["copies"]] == [
        (1, "planned"),
        (2, "planned"),
        (2, "planned"),
    ]
    assert "poster" not in str(answer)
    assert "m1" not in str(answer)


@pytest.mark.parametrize("status_now", ["open", "second_look", "decided", "removing", "removed"])
def test_a_portal_that_was_broken_into_learns_nothing_before_a_decision_for_her(
    portal, owner, case, status_now
):
    """H8: not how many copies, not that somebody looked, not when; whatever the case's own row says."""
    before = status(portal)
    assert (before["case"]["status"], before["copies"]) == ("open", [])
    assert before["case"]["changed_at"] == before["case"]["due_at"]  # when it was opened
    decided(owner, case, "cannot_tell", status=status_now)
    decided(owner, case, "shared_without_consent", state="waiting", status=status_now)
    decided(owner, case, "shared_without_consent", state="undone", status=status_now)
    assert status(portal) == before


def test_a_later_decision_against_takes_back_what_is_told(portal, owner, case):
    decided(owner, case, "shared_without_consent")
    assert len(status(portal)["copies"]) == 3
    decided(owner, case, "not_shared_without_consent", status="declined")
    answer = status(portal)
    assert (answer["case"]["status"], answer["copies"]) == ("declined", [])


def test_what_she_reads_of_her_links_waits_for_a_decision_and_of_her_pictures_does_not(portal, owner, case):
    """H8: that a link led to a picture inside a page is what was found."""
    report = owner.execute("select id from submissions_report").fetchone()[0]
    for name, why in (("picture 1", "not_one_picture"), ("location 1.1", "inside_another")):
        owner.execute("insert into bank_refusal values (%s, %s, %s, now())", (report, name, why))
    assert [each["name"] for each in status(portal)["refused"]] == ["picture 1"]
    decided(owner, case, "shared_without_consent")
    assert [each["name"] for each in status(portal)["refused"]] == ["location 1.1", "picture 1"]


def test_it_cannot_read_any_table_or_column(portal, owner):
    put_down(portal)
    names = relations(owner, ["r", "p", "v", "m", "f"])
    assert len(names) > 20
    for name in names:
        with pytest.raises(INSUFFICIENT):
            portal.execute(sql.SQL("select 1 from {}").format(sql.SQL(name)))
        with pytest.raises(INSUFFICIENT):
            portal.execute(sql.SQL("copy {} to stdout").format(sql.SQL(name)))


def test_it_cannot_change_any_table_but_put_reports_down(portal, owner):
    for name in relations(owner, ["r", "p"]):
        for statement in ("delete from {}", "truncate {}", "alter table {} add mine int"):
            with pytest.raises(INSUFFICIENT):
                portal.execute(sql.SQL(statement).format(sql.SQL(name)))
        if name != "submissions_report":
            with pytest.raises(INSUFFICIENT):
                portal.execute(sql.SQL("insert into {} default values").format(sql.SQL(name)))


@pytest.mark.parametrize(
    "statement",
    [
        "insert into submissions_report (locator, sealed) values ('', '') returning id",
        "insert into submissions_report (locator, sealed, received_at) values ('', '', now())",
        "insert into submissions_report (id, locator, sealed) values (gen_random_uuid(), '', '')",
        "insert into submissions_report (locator, sealed) values ('', '') on conflict (locator) do nothing",
        "update submissions_report set sealed = 'x'",
        "select nextval('event_id_seq')",
        "create table public.mine (x int)",
        "create function public.mine() returns int language sql as 'select 1'",
        "set role postgres",
        "alter role takeback_portal superuser",
        "insert into dossier_request (report_id) values (gen_random_uuid())",
        "insert into dossier_piece (request_id, number, data) values (gen_random_uuid(), 0, 'x')",
        "insert into submissions_draft (locator, sealed, expires_at) values ('', '', now())",
        "delete from submissions_draft",
        "update submissions_link set used = 0",
        "select salt from submissions_salt",
        "select groups from submissions_arrival",
        "select dossier_is_kept(gen_random_uuid())",
        "select dossier_is_decided(gen_random_uuid())",
        "select dossier_again_at(gen_random_uuid())",
        "select report_is_granted(gen_random_uuid())",
        "select report_is_searched(gen_random_uuid())",
        "select report_was_decided(gen_random_uuid())",
        "select report_case(gen_random_uuid())",
        "select report_copies(gen_random_uuid())",
        "select procrastinate_notify_queue_job_inserted_v1()",
        "select pg_read_file('/etc/hostname')",
        "copy (select 1) to program 'true'",
    ],
)
def test_it_cannot_do_anything_else(portal, statement):
    with pytest.raises(INSUFFICIENT):
        portal.execute(statement)


def test_it_can_execute_ten_functions_of_ours_only(owner):
    rows = owner.execute(
        "select p.oid::regprocedure::text from pg_proc p "
        "where p.pronamespace = 'public'::regnamespace "
        "and has_function_privilege('takeback_portal', p.oid, 'execute') order by 1"
    ).fetchall()
    assert rows == [
        ("draft_get(bytea)",),
        ("draft_put(bytea,bytea,boolean)",),
        ("draft_wipe(bytea)",),
        ("keyring_fits(text,text)",),
        ("report_ask_package(bytea)",),
        ("report_link_stands(bytea)",),
        ("report_package_piece(bytea,uuid,integer)",),
        ("report_put(bytea,bytea,bytea[],bytea)",),
        ("report_salt()",),
        ("report_status(bytea)",),
    ]


def test_each_of_them_looks_for_names_where_we_put_them_and_nowhere_else(owner):
    rows = owner.execute(
        "select proname, prosecdef, proconfig from pg_proc where pronamespace = 'public'::regnamespace "
        "and has_function_privilege('takeback_portal', oid, 'execute')"
    ).fetchall()
    assert {(definer, tuple(config)) for _, definer, config in rows} == {
        (True, ("search_path=public, pg_temp",))
    }


def test_a_package_is_asked_for_in_vain_before_there_is_a_case(portal, owner):
    put_down(portal)
    for locator in (LOCATOR, bytes(32), b"", None):
        assert portal.execute("select report_ask_package(%s)", (locator,)).fetchone() == ("",)
        piece = portal.execute("select report_package_piece(%s, %s, 0)", (locator, uuid.uuid4()))
        assert piece.fetchone() == (None,)
    assert owner.execute("select count(*) from dossier_request").fetchone() == (0,)


def test_its_tables_and_columns_are_granted_as_listed_and_no_more(owner):
    columns = owner.execute(
        "select table_name, column_name, privilege_type from information_schema.column_privileges "
        "where grantee in ('takeback_portal', 'PUBLIC') and table_schema = 'public' order by 1, 2"
    ).fetchall()
    assert columns == [
        ("submissions_report", "locator", "INSERT"),
        ("submissions_report", "sealed", "INSERT"),
    ]


def test_the_function_is_not_fooled_by_a_table_of_the_callers_own(portal):
    put_down(portal)
    portal.execute("set search_path = pg_temp, public")
    try:
        portal.execute("create temporary table submissions_report as select 1 as forged")
    except INSUFFICIENT:
        return  # better still
    assert status(portal)["copies"] == []


def test_a_put_down_report_is_seen_by_who_looks(portal, database):
    seen = database.look([service.WAITING], threading.Event(), every=60)
    next(seen)
    put_down(portal)
    next(seen)  # without waiting for the minute


# --- drafts (H7) -------------------------------------------------------------------------------------------


def put(portal, sealed: bytes, fresh=False, locator=LOCATOR):
    return portal.execute("select draft_put(%s, %s, %s)", (locator, sealed, fresh)).fetchone()[0]


def got(portal, locator=LOCATOR):
    return portal.execute("select draft_get(%s)", (locator,)).fetchone()[0]


def test_a_draft_is_kept_read_and_wiped_by_its_locator_alone(portal):
    """H7."""
    assert put(portal, b"one") == "gone"
    assert put(portal, b"one", fresh=True) == "kept"
    assert put(portal, b"two") == "kept"
    assert got(portal) == b"two"
    for other in (bytes(32), b"", None):
        assert got(portal, other) is None
        portal.execute("select draft_wipe(%s)", (other,))
    assert got(portal) == b"two"
    portal.execute("select draft_wipe(%s)", (LOCATOR,))
    assert got(portal) is None


def test_a_wiped_draft_is_brought_back_by_no_answer_that_comes_late(portal, owner):
    """H7."""
    put(portal, b"one", fresh=True)
    portal.execute("select draft_wipe(%s)", (LOCATOR,))
    assert put(portal, b"late") == "gone"
    assert owner.execute("select count(*) from submissions_draft").fetchone() == (0,)


def test_a_draft_ends_thirty_minutes_after_the_last_answer_and_four_hours_after_the_first(portal, owner):
    """H7."""
    put(portal, b"one", fresh=True)
    left = "select extract(epoch from expires_at - now()) from submissions_draft"
    assert 1790 < owner.execute(left).fetchone()[0] <= 1800
    owner.execute("update submissions_draft set expires_at = now() + interval '1 minute'")
    put(portal, b"two")
    assert 1790 < owner.execute(left).fetchone()[0] <= 1800
    owner.execute("update submissions_draft set begun_at = now() - interval '3 hours 50 minutes'")
    put(portal, b"three")
    assert 590 < owner.execute(left).fetchone()[0] <= 600
    owner.execute("update submissions_draft set expires_at = now()")
    assert put(portal, b"four") == "gone"
    assert owner.execute("select count(*) from submissions_draft").fetchone() == (1,)
    assert got(portal) is None
    assert owner.execute("select count(*) from submissions_draft").fetchone() == (0,)


def test_expired_drafts_are_wiped_by_the_worker(portal, owner, database):
    """H7."""
    put(portal, b"one", fresh=True)
    put(portal, b"two", fresh=True, locator=bytes(32))
    owner.execute("update submissions_draft set expires_at = now() where locator = %s", (LOCATOR,))
    service.wipe_drafts(database)
    assert owner.execute("select sealed from submissions_draft").fetchall() == [(b"two",)]


def test_drafts_are_bounded_in_number_and_size(portal, owner):
    """H7: a full store refuses new ones, keeps those that are there, and has room again when some expire."""
    put(portal, b"mine", fresh=True)
    owner.execute(
        "insert into submissions_draft (locator, sealed, expires_at) "
        "select sha256(n::text::bytea), 'x', now() + interval '1 minute' from generate_series(1, 7999) n"
    )
    assert put(portal, b"other", fresh=True, locator=bytes(32)) == "full"
    assert put(portal, b"mine again") == "kept"
    owner.execute("update submissions_draft set expires_at = now() where sealed = 'x'")
    assert put(portal, b"other", fresh=True, locator=bytes(32)) == "kept"
    for locator, sealed in ((b"short", b"x"), (LOCATOR, b""), (LOCATOR, bytes(66_001))):
        with pytest.raises(psycopg.errors.CheckViolation):
            put(portal, sealed, fresh=True, locator=locator)


def test_drafts_are_in_no_log_that_is_archived_or_replicated(owner):
    """H7: what is wiped is not in a backup of the write-ahead log, either."""
    kind = "select relpersistence from pg_class where relname = any(%s)"
    names = ["submissions_draft", "submissions_draft_pkey", "submissions_draft_by_expiry"]
    assert (
        owner.execute(kind, (names,)).fetchall() == [(b"u",)] * 3
        or owner.execute(kind, (names,)).fetchall() == [("u",)] * 3
    )
