-- sightings: streams take turns, and wait when a platform asks for it ---------------------------------------------

-- All times by this server's clock: watchers run on machines whose clocks may be wrong.
alter table sightings_shard
    add column ending     boolean     not null default false,   -- opened by a batch (a history); false: the connector names it
    add column turn_at    timestamptz not null default now(),   -- when a watcher last took it
    add column asked_at   timestamptz,                          -- when the platform last answered
    add column not_before timestamptz,                          -- not to be asked earlier: the platform said so, or it failed
    add column failures   int         not null default 0,       -- turns that failed since one did not
    add column trouble    text;                                 -- why, without anything personal
update sightings_shard set ending = true where name like 'history:%';
create index sightings_shard_by_turn on sightings_shard (connector, ending, turn_at) where not done;

-- What of a batch could not be committed, for a reason that nobody foresaw. The stream went on after it.
create table sightings_set_aside (
    id          bigint      generated always as identity primary key,
    connector   text        not null,
    shard       text        not null,
    cursor_from text,                             -- where the stream stood; null: at its beginning
    cursor_to   text        not null,             -- where it went on
    pieces      text        not null,             -- posts and the like, as JSON: see sightings/set_aside.py
    count       int         not null,
    error       text        not null,             -- the error's class
    tries       int         not null default 0,
    first_at    timestamptz not null default now(),
    try_at      timestamptz not null default now()
);
create index sightings_set_aside_by_try on sightings_set_aside (connector, try_at);

-- What each platform lacks, as its connector said when it was last examined.
create table sightings_platform (
    connector   text        primary key,
    troubles    text        not null,             -- JSON
    examined_at timestamptz not null default now()
);

-- Questions besides the streams' that a platform asked us not to ask before a time.
create table sightings_hold (
    connector text        not null,
    about     text        not null,
    until     timestamptz not null,
    primary key (connector, about)
);
