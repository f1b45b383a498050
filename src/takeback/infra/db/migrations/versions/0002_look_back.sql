-- sightings: variants, clips, and the order that the look-back follows --------------------------------------

create sequence sightings_signals;   -- numbers signals as they are written: at the first reading or a later one

alter table sightings_post
    add column kind        text     not null default 'picture' check (kind in ('picture', 'clip')),
    add column doubt       smallint not null default 0 check (doubt between 0 and 256),
    add column variants    bytea    not null default '',   -- see sightings/packed.py; a clip's frames
    add column duration_ms integer check (duration_ms >= 0),
    add column signals_seq bigint;                         -- grows also when a row is read late

with numbered as (select id, row_number() over (order by id) as place from sightings_post where state = 'read')
update sightings_post p set signals_seq = n.place from numbered n where n.id = p.id;
select setval('sightings_signals', (select coalesce(max(signals_seq), 0) + 1 from sightings_post), false);

alter table sightings_post
    drop constraint sightings_post_check,
    add constraint sightings_post_read check ((state = 'read') = (signals_seq is not null)),
    add constraint sightings_post_signals check ((hash is not null) = (state = 'read' and kind = 'picture'));
create unique index sightings_post_by_signals on sightings_post (signals_seq) where signals_seq is not null;
create index sightings_post_by_seen on sightings_post (seen_at);

-- What refers to a sighting must be found without a scan when one is deleted.
create index cases_copy_by_sighting on cases_copy (sighting_id);
create index takedown_target_by_sighting on takedown_target (sighting_id);

create function sightings_is_needed(asked bigint) returns boolean language sql stable as $$
    select exists (select from join_match where sighting_id = asked)
        or exists (select from cases_copy where sighting_id = asked)
        or exists (select from takedown_target where sighting_id = asked)
$$;
revoke all on function sightings_is_needed(bigint) from public;

create table sightings_origin (   -- one row: tells one database's sightings from another's, for the flat cache
    only_one boolean primary key default true check (only_one),
    id       uuid    not null default gen_random_uuid()
);
insert into sightings_origin default values;

create table sightings_archive (  -- days that were moved to Parquet, a file a row
    file        text        primary key,   -- its name in the blob store
    day         date        not null,      -- of seen_at, in UTC
    rows        bigint      not null check (rows > 0),
    bytes       bigint      not null,
    archived_at timestamptz not null
);
create index sightings_archive_by_day on sightings_archive (day);

create table sightings_source (   -- archives of others that were read by `takeback backfill`
    connector text        primary key,
    source    text        not null,        -- folder or s3://bucket/prefix
    opened_at timestamptz not null
);
