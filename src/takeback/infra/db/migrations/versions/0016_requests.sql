-- staff: nobody becomes somebody else ------------------------------------------------------------------------------

create table staff_request (      -- what somebody asked for an account; it acts when somebody else approves
    id        uuid        primary key,
    staff_id  uuid        not null,                      -- the person concerned; an invited one has no account yet
    name      text        not null,                      -- as it was then
    change    text        not null check (change in ('reviewer_invited', 'administrator_invited', 'new_way_in',
                                                     'made_reviewer', 'made_administrator', 'disabled', 'enabled')),
    asked_by  uuid        references staff_account,      -- null: the operator, at the command line
    asked_at  timestamptz not null,
    code_hash bytea       check (length(code_hash) = 32),   -- what the asker hands over beside the approver's link
    ended     text        check (ended in ('alone', 'approved', 'refused')),   -- null: it waits, or has lapsed
    ended_by  uuid        references staff_account,      -- null with `ended`: the operator
    ended_at  timestamptz,
    check ((ended is null) = (ended_at is null))
);
create index staff_request_by_person on staff_request (staff_id, asked_at);
create index staff_request_by_time   on staff_request (asked_at);

alter table staff_link
    add code_hash bytea check (length(code_hash) = 32),  -- null: the link alone is enough
    add wrong     smallint not null default 0;           -- codes that did not fit

alter table staff_account add administrator_since timestamptz;   -- null: since it was made, or never
