-- intake: links for many reports ------------------------------------------------------------------------------------

create table intake_link (
    id         uuid        primary key,
    token_hash bytea       not null unique check (length(token_hash) = 32),   -- SHA-256 of 32 random bytes
    note       text        not null check (length(note) between 1 and 200),   -- for whom
    allowed    integer     not null check (allowed between 1 and 1000),
    used       integer     not null default 0 check (used between 0 and allowed),
    made_by    uuid        not null,
    made_at    timestamptz not null,
    ends_at    timestamptz not null,
    revoked_at timestamptz
);

-- intake: the group that a report came with, for a day --------------------------------------------------------------

-- Unlogged: in no archived log, replica or base backup. A crash of PostgreSQL empties both; then the next ten minutes
-- are counted from nothing.
create unlogged table intake_salt (    -- half of the key of one day's labels; the portal's pepper is the other half
    day  date  primary key,
    salt bytea not null
);
create unlogged table intake_arrival (
    report_id uuid        primary key references intake_report on delete cascade,
    groups    bytea[]     not null check (cardinality(groups) <= 3 and pg_column_size(groups) <= 200),
    by_link   boolean     not null,        -- not by which one
    at        timestamptz not null default now()
);
create index intake_arrival_by_time on intake_arrival (at);

-- cases: floods of reports that are held together -------------------------------------------------------------------

create table cases_flood (
    id         uuid        primary key,
    kind       text        not null check (kind in ('network', 'onion', 'all')),
    label      bytea       unique,      -- of the group; null once its day is over
    state      text        not null check (state in ('paused', 'released', 'stopped')),
    began_at   timestamptz not null,    -- when the first of its reports came
    staff_id   uuid,                    -- who answered last
    changed_at timestamptz not null
);
create index cases_flood_unanswered on cases_flood (began_at) where state <> 'released';

create table cases_held (
    report_id uuid        primary key references intake_report,
    flood_id  uuid        not null references cases_flood,
    pictures  integer     not null,
    came_at   timestamptz not null,
    let_in_at timestamptz
);
create index cases_held_waiting on cases_held (flood_id, came_at) where let_in_at is null;
create index cases_held_by_flood on cases_held (flood_id);

-- A report that is held is going to be searched for: of that nothing is told.
create or replace function report_is_searched(asked_report uuid) returns boolean language sql stable
    set search_path = public, pg_temp as $$
    select exists (select from bank_entry where report_id = asked_report and status <> 'withdrawn')
        or exists (select from cases_held where report_id = asked_report and let_in_at is null)
        or exists (select from cases_copy k join cases_case c on c.id = k.case_id
                   where c.report_id = asked_report and k.found_by = 'report')
        or exists (select from procrastinate_jobs
                   where task_name = 'locate' and args ->> 'report' = asked_report::text
                       and status in ('todo', 'doing', 'failed'))
$$;

-- What the public portal may do besides ----------------------------------------------------------------------------

-- Put a report down, with the groups that it came with, or against a link. False: the link counts no further one,
-- and nothing was stored. The same report again is stored and counted once.
create function report_put(new_locator bytea, new_sealed bytea, came_with bytea[], by_link bytea) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    link uuid;
    made uuid;
begin
    if exists (select from intake_report where locator = new_locator) then
        return true;
    end if;
    if by_link is not null then
        update intake_link set used = used + 1
        where token_hash = by_link and used < allowed and ends_at > now() and revoked_at is null
        returning id into link;
        if link is null then
            return false;
        end if;
    end if;
    insert into intake_report (locator, sealed) values (new_locator, new_sealed)
    on conflict do nothing returning id into made;
    if made is null then   -- two presses at once: the other one is counted
        update intake_link set used = used - 1 where id = link;
    else
        insert into intake_arrival (report_id, groups, by_link)
        values (made, case when link is null then came_with else '{}' end, link is not null);
    end if;
    return true;
end $$;
revoke all on function report_put(bytea, bytea, bytea[], bytea) from public;
grant execute on function report_put(bytea, bytea, bytea[], bytea) to takeback_portal;

create function report_link_stands(by_link bytea) returns boolean
    language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from intake_link
                   where token_hash = by_link and used < allowed and ends_at > now() and revoked_at is null)
$$;
revoke all on function report_link_stands(bytea) from public;
grant execute on function report_link_stands(bytea) to takeback_portal;

-- The salt of this day, in UTC; those of earlier days are deleted.
create function report_salt() returns bytea
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    today date := (now() at time zone 'utc')::date;
begin
    delete from intake_salt where day < today;
    insert into intake_salt (day, salt)
    values (today, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())))
    on conflict do nothing;
    return (select salt from intake_salt where day = today);
end $$;
revoke all on function report_salt() from public;
grant execute on function report_salt() to takeback_portal;
