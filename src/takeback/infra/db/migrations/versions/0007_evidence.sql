-- evidence: what was public, sealed as it was -------------------------------------------------------------------

create table evidence_capture (
    id            uuid        primary key,
    sighting_id   bigint      not null,   -- no foreign key: an erased capture does not hold its sighting
    connector     text        not null,
    place         text        not null,
    message       text        not null,
    media         text        not null,
    posted_at     timestamptz not null,
    seen_at       timestamptz not null,
    reason        text        not null check (reason in ('match', 'investigation')),
    state         text        not null check (state in ('wanted', 'captured', 'failed', 'erased')),
    wanted_at     timestamptz not null,
    captured_at   timestamptz,
    document      bytea,                  -- exhibit.json, RFC 8785; null unless captured
    suspected_minor boolean   not null default false,   -- digests and metadata only: no picture was sealed
    fact_id       bigint      references fact,          -- Captured
    kept_at       timestamptz,            -- it joined a case
    expires_at    timestamptz,            -- then it is shredded; null: it is part of a case, or was a match
    ours_at       timestamptz,            -- from here on the message's absence is our own doing
    polled_at     timestamptz,            -- when the message was last asked for
    deleted_at    timestamptz,            -- when it was first seen to be gone, and not by us
    deletion_fact bigint      references fact,          -- DeletionObserved
    erased_at     timestamptz,
    erasure_fact  bigint      references fact,          -- EvidenceErased
    check ((state = 'captured') = (document is not null)),
    check ((state = 'erased') = (erased_at is not null))
);
create unique index evidence_capture_of_sighting on evidence_capture (sighting_id) where state <> 'erased';
create index evidence_capture_by_sighting on evidence_capture (sighting_id);
create index evidence_capture_by_message on evidence_capture (connector, place, message);
create index evidence_capture_by_poll on evidence_capture (polled_at nulls first)
    where state = 'captured' and deleted_at is null and ours_at is null;
create index evidence_capture_by_expiry on evidence_capture (expires_at)
    where state = 'captured' and expires_at is not null;

create table evidence_part (
    capture_id uuid    not null references evidence_capture,
    name       text    not null,          -- as in exhibit.json
    blob       text    not null unique,   -- its name in the blob store
    position   integer not null,          -- in which order it is destroyed: the key first, then the opening
    primary key (capture_id, name)
);

create table evidence_salt (   -- of the commitments in exhibit.json; destroyed with the capture
    capture_id uuid  not null references evidence_capture,
    name       text  not null,
    salt       bytea not null check (length(salt) = 32),
    primary key (capture_id, name)
);

create table evidence_investigation (   -- everything in these places is captured before it is read
    id         bigint      generated always as identity primary key,
    connector  text        not null,
    place      text        not null,
    began_at   timestamptz not null,
    ends_at    timestamptz not null,
    suspected_minor boolean not null default false,
    check (ends_at >= began_at)
);
create index evidence_investigation_by_end on evidence_investigation (ends_at);

create table evidence_heartbeat (   -- a stream of posts was watched; one row for each fact Watched
    fact_id   bigint      primary key references fact,
    connector text        not null,
    shard     text        not null,
    since     timestamptz not null,
    until     timestamptz not null,
    check (until >= since)
);
create index evidence_heartbeat_by_end on evidence_heartbeat (connector, shard, until);

-- A sighting that was captured is kept for as long as its capture is.
create or replace function sightings_is_needed(asked bigint) returns boolean language sql stable as $$
    select exists (select from join_match where sighting_id = asked)
        or exists (select from cases_copy where sighting_id = asked)
        or exists (select from takedown_target where sighting_id = asked)
        or exists (select from evidence_capture where sighting_id = asked and state in ('wanted', 'captured'))
$$;
