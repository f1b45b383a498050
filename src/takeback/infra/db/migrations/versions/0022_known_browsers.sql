-- staff: who waits after failed log-ins ----------------------------------------------------------------------------

-- A keyed hash of the browser that is known, else of the network. Rows of before this: nobody's.
alter table staff_attempt add column source bytea not null default '\x';
create index staff_attempt_by_time on staff_attempt (at);

create table staff_known_source (                -- from where a name came in; both as keyed hashes
    whom   bytea       not null,
    source bytea       not null,
    at     timestamptz not null,
    primary key (whom, source)
);

-- Challenges are signed, and kept by the browser that was asked. A row is one that let somebody in: it works once.
comment on table staff_challenge is 'passkey challenges that were used';
