-- In the slow lane posters take turns: how many files one has waiting is asked for each that joins it.
create index sightings_post_unread on sightings_post (connector, sender) where state = 'unread';

-- Nothing is lost between a look-back, the archive and an exact reading: see `sightings/archive.py`.
alter table sightings_post
    add column awaits_exact boolean not null default false,  -- a job reads it exactly; it stays until then
    add column archived     boolean not null default false;  -- it came back out of a file, which counts it
update sightings_post set awaits_exact = true where id in (
    select (args ->> 'sighting')::bigint from procrastinate_jobs
    where task_name = 'read_exactly' and status in ('todo', 'doing'));
create index sightings_post_archived on sightings_post (seen_at) where archived;

create or replace function sightings_is_needed(asked bigint) returns boolean language sql stable as $$
    select exists (select from join_match where sighting_id = asked)
        or exists (select from cases_copy where sighting_id = asked)
        or exists (select from takedown_target where sighting_id = asked)
        or exists (select from evidence_capture where sighting_id = asked and state in ('wanted', 'captured'))
        or exists (select from sightings_post where id = asked and awaits_exact)
$$;
