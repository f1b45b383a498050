-- sightings: what people can see and is not compared ----------------------------------------------------------------

create table sightings_unseen (   -- a whole place, or an address in a message or in a place's state (no message)
    id         bigint generated always as identity primary key,
    connector  text        not null,
    kind       text        not null check (kind in ('shut_out', 'not_listed', 'address')),
    place      text        not null,
    message    text        not null default '',
    why        text        not null check (length(why) <= 200),   -- the platform's code or a field's name, never content
    first_seen timestamptz not null,
    last_seen  timestamptz not null
);
-- A place is one row, whatever it says today; a message may have several addresses.
create unique index sightings_unseen_place   on sightings_unseen (connector, place) where kind <> 'address';
create unique index sightings_unseen_address on sightings_unseen (connector, place, message, why) where kind = 'address';
create index sightings_unseen_by_why on sightings_unseen (connector, kind, why, id);
create index sightings_unseen_by_id  on sightings_unseen (connector, kind, id);
create index sightings_unseen_new    on sightings_unseen (kind, first_seen) where kind <> 'address';
create index sightings_unseen_by_age on sightings_unseen (last_seen);

create table sightings_survey (   -- the last time that all places of a platform were looked at
    connector text        primary key,
    at        timestamptz not null,
    listed    integer     not null,
    unlisted  integer     not null,
    watched   integer     not null,
    trouble   text        not null   -- why places outside the directory are not known; empty: they are
);

create index sightings_post_unreadable_by_reason on sightings_post (connector, coalesce(reason, ''), id)
    where state = 'unreadable';
create index sightings_post_unreadable_by_id on sightings_post (connector, id) where state = 'unreadable';
