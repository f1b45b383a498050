-- The whole state of Takeback, room by room. A table's first word is the room that owns it: only that room
-- names it (a test says so, and lists the one exception). The queue's own tables come from procrastinate and
-- are not repeated here.

-- facts: what has happened -------------------------------------------------------------------------------

create table fact (
    id   bigint generated always as identity primary key,
    kind text        not null,
    body jsonb       not null,   -- ids only: see facts.py
    at   timestamptz not null
);
create index fact_by_case   on fact ((body ->> 'case'), id)   where body ->> 'case' is not null;
create index fact_by_target on fact ((body ->> 'target'), id) where body ->> 'target' is not null;
create index fact_by_kind   on fact (kind, id);

create table fact_followed (   -- what follows from a fact was done, in the transaction that wrote this row
    fact_id bigint primary key references fact
);

-- ledger: the tamper-evident log -------------------------------------------------------------------------

create table ledger_entry (
    id       bigint generated always as identity primary key,
    fact_id  bigint not null unique references fact,
    leaf     bytea  not null,    -- RFC 8785 JSON with a salted commitment, nothing else
    position bigint unique       -- place in the tree; null until the sequencer gives it one
);
create index ledger_entry_waiting on ledger_entry (id) where position is null;

create table ledger_opening (   -- what opens a commitment; destroying it leaves the log valid and says nothing
    entry_id bigint primary key references ledger_entry,
    salt     bytea not null check (length(salt) = 32)
);

create table ledger_checkpoint (
    size      bigint primary key,
    root      bytea       not null check (length(root) = 32),
    note      text        not null,   -- C2SP signed note over the C2SP checkpoint
    frontier  bytea[]     not null,   -- roots of the full subtrees, largest first: enough to append
    signed_at timestamptz not null
);

-- A belt, not the proof: the proof is the signed checkpoint.
create function forbid_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end $$;
create function ledger_entry_only_gets_its_position() returns trigger language plpgsql as $$
begin
    if old.position is not null or new.id <> old.id or new.fact_id <> old.fact_id or new.leaf <> old.leaf then
        raise exception 'ledger_entry is append-only';
    end if;
    return new;
end $$;
create trigger fact_is_final before update or delete on fact for each row execute function forbid_change();
create trigger fact_stays before truncate on fact for each statement execute function forbid_change();
create trigger ledger_entry_is_final before delete on ledger_entry
    for each row execute function forbid_change();
create trigger ledger_entry_stays before truncate on ledger_entry
    for each statement execute function forbid_change();
create trigger ledger_entry_gets_its_position before update on ledger_entry
    for each row execute function ledger_entry_only_gets_its_position();
create trigger ledger_checkpoint_is_final before update or delete on ledger_checkpoint
    for each row execute function forbid_change();

-- intake: what people told us ----------------------------------------------------------------------------

create table intake_report (
    id          uuid        primary key default gen_random_uuid(),
    locator     bytea       not null unique check (length(locator) = 32),   -- HMAC of the receipt code
    sealed      bytea       not null check (length(sealed) between 1 and 65536),   -- age, to the intake key
    received_at timestamptz not null default now(),
    expires_at  timestamptz not null default now() + interval '1 year',     -- the receipt's, not the case's
    taken_in_at timestamptz                                                 -- null: waits for the worker
);
create index intake_report_waiting on intake_report (received_at) where taken_in_at is null;

create function intake_announce() returns trigger language plpgsql as $$
begin
    perform pg_notify('takeback_report', '');
    return null;
end $$;
create trigger intake_report_announced after insert on intake_report
    for each statement execute function intake_announce();

-- bank: what must not be shared again --------------------------------------------------------------------

create table bank_head (      -- one row: the sequence number of the last change
    only_one boolean primary key default true check (only_one),
    seq      bigint  not null
);
insert into bank_head (seq) values (0);

create table bank_entry (
    id         uuid        primary key,
    report_id  uuid        not null,
    status     text        not null check (status in ('seed', 'active', 'withdrawn')),
    quality    smallint    not null check (quality between 0 and 100),
    seq        bigint      not null unique,   -- of its last change
    banked_at  timestamptz not null,
    changed_at timestamptz not null
);
create index bank_entry_by_report on bank_entry (report_id);

create table bank_signal (    -- the eight flips of one picture, in the order of signals.model.Flip
    entry_id uuid     not null references bank_entry,
    flip     smallint not null check (flip between 0 and 7),
    hash     bytea    not null check (length(hash) = 32),
    primary key (entry_id, flip)
);

-- sightings: what passed by ------------------------------------------------------------------------------

create table sightings_shard (
    connector   text        not null,
    name        text        not null,
    cursor      text,
    epoch       bigint      not null default 0,   -- fencing: grows with every lease
    holder      text,
    lease_until timestamptz,
    done        boolean     not null default false,
    moved_at    timestamptz not null default now(),
    primary key (connector, name)
);

create table sightings_post (   -- one row for each picture of each public post
    id         bigint generated always as identity primary key,
    connector  text        not null,
    place      text        not null,
    message    text        not null,
    media      text        not null,
    sender     text        not null,
    posted_at  timestamptz not null,
    seen_at    timestamptz not null,
    state      text        not null check (state in ('read', 'unread', 'unreadable')),
    reason     text,                -- why it is not read
    sha256     bytea check (length(sha256) = 32),
    hash       bytea check (length(hash) = 32),
    quality    smallint,
    unique (connector, place, message, media),
    check ((state = 'read') = (hash is not null))
);

-- join: the same picture? ----------------------------------------------------------------------------------

create table join_match (
    sighting_id bigint      not null references sightings_post,
    entry_id    uuid        not null references bank_entry,
    distance    smallint    not null check (distance between 0 and 256),
    flip        smallint    not null check (flip between 0 and 7),
    negative    boolean     not null,   -- matched as a photographic negative
    found_by    text        not null check (found_by in ('live', 'look_back')),
    matched_at  timestamptz not null,
    primary key (sighting_id, entry_id)
);
create index join_match_by_entry on join_match (entry_id);

-- cases: people decide -------------------------------------------------------------------------------------

create table cases_case (
    id         uuid        primary key,
    report_id  uuid        not null unique,
    opened_at  timestamptz not null,
    due_at     timestamptz not null,   -- the strictest clock that runs
    due_clock  text        not null,
    status     text        not null check (status in ('open', 'second_look', 'decided', 'removing', 'removed', 'declined')),
    overdue    boolean     not null default false,
    changed_at timestamptz not null
);
create index cases_case_by_time_left on cases_case (due_at) where status in ('open', 'second_look', 'decided', 'removing');

create table cases_copy (
    case_id     uuid        not null references cases_case,
    sighting_id bigint      not null references sightings_post,
    entry_id    uuid        references bank_entry,   -- null: named by the reporter, not found by its signal
    found_by    text        not null check (found_by in ('live', 'look_back', 'report')),
    distance    smallint,
    flip        smallint,
    negative    boolean     not null default false,
    added_at    timestamptz not null,
    excluded    boolean     not null default false,  -- a reviewer said: not the same picture
    primary key (case_id, sighting_id)
);

create table cases_decision (
    id           uuid        primary key,
    case_id      uuid        not null references cases_case,
    verdict      text        not null,
    reason       text        not null,
    note         text        not null default '',
    staff_id     uuid        not null,
    decided_at   timestamptz not null,
    effective_at timestamptz not null,
    state        text        not null default 'waiting' check (state in ('waiting', 'undone', 'effective'))
);
create unique index cases_decision_one_waits on cases_decision (case_id) where state = 'waiting';

-- takedown: removed, everywhere, and checked -----------------------------------------------------------------

create table takedown_target (
    id          uuid        primary key,
    case_id     uuid        not null,
    sighting_id bigint      not null references sightings_post,
    connector   text        not null,
    place       text        not null,
    message     text        not null,
    media       text        not null,
    state       text        not null check (state in ('planned', 'acting', 'checking', 'gone', 'failed')),
    round       integer     not null default 0,   -- of checks
    planned_at  timestamptz not null,
    changed_at  timestamptz not null,
    gone_at     timestamptz,                      -- when it was first seen to be gone
    unique (case_id, sighting_id)
);

create table takedown_step (
    target_id uuid        not null references takedown_target,
    attempt   integer     not null default 0,     -- grows when a copy is found again after it was gone
    action    text        not null,
    receipt   text,                               -- what the platform answered
    done_at   timestamptz,
    error     text,                               -- the last one, for a person
    primary key (target_id, attempt, action)
);

create table takedown_look (
    target_id uuid        not null references takedown_target,
    round     integer     not null,
    surface   text        not null,
    vantage   text        not null,
    state     text        not null check (state in ('present', 'absent', 'undetermined')),
    seen      text        not null,
    looked_at timestamptz not null,
    primary key (target_id, round, surface, vantage)
);

-- staff: who may decide --------------------------------------------------------------------------------------

create table staff_account (
    id            uuid        primary key,
    name          text        not null unique,
    role          text        not null check (role in ('reviewer', 'administrator')),
    password_hash text,                         -- argon2id
    totp_secret   text,
    totp_used     bigint      not null default 0,   -- the last time step that was accepted: a code works once
    disabled      boolean     not null default false,
    made_at       timestamptz not null
);

create table staff_passkey (
    credential_id bytea       primary key,
    staff_id      uuid        not null references staff_account,
    public_key    bytea       not null,
    sign_count    bigint      not null,
    made_at       timestamptz not null
);

create table staff_session (
    token_hash bytea       primary key,         -- SHA-256 of the cookie
    staff_id   uuid        not null references staff_account,
    opened_at  timestamptz not null,
    seen_at    timestamptz not null,
    ends_at    timestamptz not null
);

create table staff_link (                       -- one-time links
    token_hash bytea       primary key,
    staff_id   uuid        not null references staff_account,
    ends_at    timestamptz not null,
    used_at    timestamptz
);

create table staff_challenge (                  -- a passkey ceremony under way
    id         uuid        primary key,
    challenge  bytea       not null,
    staff_id   uuid        references staff_account,
    ends_at    timestamptz not null
);

create table staff_attempt (                    -- failed log-ins, for the limit; the name only as a keyed hash
    id   bigint generated always as identity primary key,
    whom bytea       not null,
    at   timestamptz not null
);
create index staff_attempt_recent on staff_attempt (whom, at);

create table staff_api_key (
    key_hash   bytea       primary key,
    name       text        not null unique,
    made_at    timestamptz not null,
    revoked_at timestamptz
);

-- What the public portal may do: put a report down, and ask how one receipt stands. ----------------------------

create function report_status(asked_locator bytea) returns jsonb
    language sql stable security definer set search_path = public, pg_temp as $$
    select jsonb_build_object(
        'received_at', r.received_at,
        'case', (select jsonb_build_object('status', c.status, 'due_at', c.due_at, 'changed_at', c.changed_at)
                 from cases_case c where c.report_id = r.id),
        'copies', coalesce((
            select jsonb_agg(jsonb_build_object(
                       'connector', p.connector,
                       'place', dense_rank,
                       'found_at', copy.added_at,
                       'state', coalesce(t.state, 'found'),
                       'changed_at', coalesce(t.changed_at, copy.added_at),
                       'gone_at', t.gone_at) order by copy.added_at, p.id)
            from (select cc.*, dense_rank() over (order by sp.connector, sp.place)
                  from cases_copy cc join sightings_post sp on sp.id = cc.sighting_id
                  where cc.case_id = (select id from cases_case where report_id = r.id)) copy
            join sightings_post p on p.id = copy.sighting_id
            left join takedown_target t on t.case_id = copy.case_id and t.sighting_id = copy.sighting_id
            where not copy.excluded), '[]'::jsonb))
    from intake_report r
    where r.locator = asked_locator and r.expires_at > now()
$$;

do $$
begin
    if not exists (select from pg_roles where rolname = 'takeback_portal') then
        create role takeback_portal login;
    end if;
exception when duplicate_object or unique_violation then null;   -- another database of the same server made it
end $$;
revoke all on schema public from public;
revoke all on all tables in schema public from public;
revoke all on all functions in schema public from public;
alter default privileges in schema public revoke all on functions from public;
grant usage on schema public to takeback_portal;
grant insert (locator, sealed) on intake_report to takeback_portal;
grant execute on function report_status(bytea) to takeback_portal;
