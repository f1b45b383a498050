-- cases: the breaker of an active entry, and what it counts -----------------------------------------------------

create table cases_breaker (       -- no row: armed
    entry_id     uuid        primary key references bank_entry,
    case_id      uuid        not null references cases_case,
    state        text        not null check (state in ('armed', 'paused', 'released', 'stopped')),
    counted_from timestamptz,      -- an administrator armed it again then; null: all counts
    tripped_at   timestamptz,
    answer_by    timestamptz,
    overdue      boolean     not null default false,
    removals     integer     not null default 0,   -- as the fact told
    posters      integer     not null default 0,
    places       integer     not null default 0,
    staff_id     uuid,             -- who answered
    changed_at   timestamptz not null,
    check (state <> 'paused' or (tripped_at is not null and answer_by is not null))
);
create index cases_breaker_by_case on cases_breaker (case_id);
create index cases_breaker_waiting on cases_breaker (answer_by) where state = 'paused';

create table cases_unseen (        -- copies that are removed, or wait to be, without a person having seen them
    case_id     uuid        not null,
    sighting_id bigint      not null,
    entry_id    uuid        not null references bank_entry,   -- for which it counts
    held        boolean     not null,
    came_at     timestamptz not null,
    primary key (case_id, sighting_id),
    foreign key (case_id, sighting_id) references cases_copy
);
create index cases_unseen_counted on cases_unseen (entry_id, came_at) where not held;
create index cases_unseen_held on cases_unseen (case_id) where held;

-- cases: what a seed may bring before a person looked -----------------------------------------------------------

create table cases_seed (
    entry_id        uuid        primary key references bank_entry,
    case_id         uuid        not null references cases_case,
    brought         integer     not null default 0 check (brought >= 0),
    allowed         integer     check (allowed >= 0),   -- null: a person looked, it may bring all that it matches
    capped_at       timestamptz,                        -- when it first wanted to bring more; null: it never did
    look_back_after bigint                              -- its look-back waits there; null: it does not wait
);
create index cases_seed_by_case on cases_seed (case_id);

create table cases_brought (       -- the matches of seeds: which joined the case, and which wait
    entry_id    uuid        not null references bank_entry,
    sighting_id bigint      not null references sightings_post,
    found_by    text        not null check (found_by in ('live', 'look_back')),
    waits       boolean     not null,
    came_at     timestamptz not null,
    primary key (entry_id, sighting_id)
);
create index cases_brought_by_sighting on cases_brought (sighting_id);
create index cases_brought_waiting on cases_brought (entry_id, came_at, sighting_id) where waits;

-- Matches of before joined at once.
insert into cases_brought (entry_id, sighting_id, found_by, waits, came_at)
    select m.entry_id, m.sighting_id, m.found_by, false, m.matched_at
    from join_match m join bank_entry e on e.id = m.entry_id where e.status = 'seed';
