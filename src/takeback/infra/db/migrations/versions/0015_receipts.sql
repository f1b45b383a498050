-- intake: reports that were refused are read again by a newer reader ------------------------------------------------

alter table intake_report
    add unusable_by integer;   -- the version of the reader that refused it last; null: nobody refused it
create index intake_report_unusable on intake_report (unusable_by) where unusable_by is not null;

-- Those that were refused before readers had numbers: the first reader with one tries each of them once.
update intake_report set unusable_by = 0
where taken_in_at is not null
    and id in (select (body ->> 'report')::uuid from fact where kind = 'report_unusable')
    and id not in (select (body ->> 'report')::uuid from fact where kind = 'report_received');

-- bank: numbers that a reporter sent and that no picture has --------------------------------------------------------

alter table bank_refusal
    drop constraint bank_refusal_why_check,
    add constraint bank_refusal_why_check check (why in (
        'too_little_detail', 'inside_another', 'well_known', 'not_one_picture', 'not_a_pictures_numbers'));

create table bank_upkeep (       -- work on old rows that is done once
    name    text        primary key,
    done_at timestamptz not null
);

-- law: the clock of the United Kingdom runs no more (law/regimes.toml says why) -------------------------------------

-- It was shown where the house's own is longer than 48 hours. That of the United States ends at the same moment.
update cases_case set due_clock = 'us-tida-s3'
where due_clock = 'uk-osa-20a' and status in ('open', 'second_look', 'decided', 'removing');

-- What the person who reported sees. Whoever has a picture can report it, so nothing of what was found is told
-- before people decided in her favour: not by the pages, and not to a portal that was broken into. ------------------

-- The newest decision that took effect and decided something was for her.
create function report_is_granted(asked_case uuid) returns boolean language sql stable
    set search_path = public, pg_temp as $$
    select coalesce((
        select verdict = 'shared_without_consent' from cases_decision
        where case_id = asked_case and state = 'effective' and verdict <> 'cannot_tell'
        order by decided_at desc, id desc limit 1), false)
$$;
revoke all on function report_is_granted(uuid) from public;

-- Something of the report is looked for: a picture, or a link that was followed, or that is still to be.
create function report_is_searched(asked_report uuid) returns boolean language sql stable
    set search_path = public, pg_temp as $$
    select exists (select from bank_entry where report_id = asked_report and status <> 'withdrawn')
        or exists (select from cases_copy k join cases_case c on c.id = k.case_id
                   where c.report_id = asked_report and k.found_by = 'report')
        or exists (select from procrastinate_jobs
                   where task_name = 'locate' and args ->> 'report' = asked_report::text
                       and status in ('todo', 'doing', 'failed'))
$$;
revoke all on function report_is_searched(uuid) from public;
create index procrastinate_jobs_locate on procrastinate_jobs ((args ->> 'report')) where task_name = 'locate';

-- Somebody decided about it before: what was withdrawn then does not say that nothing could be looked for.
create function report_was_decided(asked_case uuid) returns boolean language sql stable
    set search_path = public, pg_temp as $$
    select exists (select from cases_decision
                   where case_id = asked_case and state in ('effective', 'reversed') and verdict <> 'out_of_reach')
$$;
revoke all on function report_was_decided(uuid) from public;

-- How it stands, in the words of `cases.model`: "open" for all that is not decided, whatever is known.
create function report_case(asked_case uuid) returns jsonb language sql stable
    set search_path = public, pg_temp as $$
    select case
        when c.status in ('declined', 'out_of_reach')
            then jsonb_build_object('status', c.status, 'due_at', c.due_at, 'changed_at', c.changed_at)
        when not report_is_granted(c.id)
            then jsonb_build_object('status', 'open', 'due_at', c.due_at, 'changed_at', c.opened_at)
        when c.status in ('removing', 'removed')
            then jsonb_build_object('status', c.status, 'due_at', c.due_at, 'changed_at', c.changed_at)
        -- Decided once, and something else was found since: of that nothing is told yet.
        else jsonb_build_object(
            'status', case when exists (select from takedown_target where case_id = c.id and state not in ('gone', 'called_off'))
                           then 'removing' else 'removed' end,
            'due_at', c.due_at,
            'changed_at', coalesce((select max(changed_at) from takedown_target where case_id = c.id), c.opened_at))
        end
    from cases_case c where c.id = asked_case
$$;
revoke all on function report_case(uuid) from public;

-- The copies that a decision for her covers.
create function report_copies(asked_case uuid) returns jsonb language sql stable
    set search_path = public, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object(
               'connector', connector,
               'place', place,
               'found_at', added_at,
               'state', state,
               'changed_at', changed_at,
               'gone_at', gone_at,
               -- Rounds that are certain move on to the next one: looks of this one, or its end, are not.
               'unclear_at', coalesce(
                   (select max(l.looked_at) from takedown_look l where l.target_id = t.id and l.round = t.round),
                   (select max(o.at) from takedown_round o
                    where o.target_id = t.id and o.finding = 'unclear'
                      and o.round = case t.state when 'gone' then t.round - 1 else t.round end)))
           order by added_at, sighting_id), '[]'::jsonb)
    from (select t.id, t.state, t.changed_at, t.gone_at, t.round, p.connector, k.added_at, k.sighting_id,
                 dense_rank() over (order by p.connector, p.place) as place
          from cases_copy k
          join takedown_target t on t.case_id = k.case_id and t.sighting_id = k.sighting_id
          join sightings_post p on p.id = k.sighting_id
          where k.case_id = asked_case and report_is_granted(asked_case)
            and t.state <> 'called_off' and not k.excluded and (k.confirmed or not k.review_only)) t
$$;
revoke all on function report_copies(uuid) from public;

create or replace function report_status(asked_locator bytea) returns jsonb
    language sql stable security definer set search_path = public, pg_temp as $$
    select jsonb_build_object(
        'received_at', r.received_at,
        'unusable', r.unusable_by is not null,
        -- Of what was answered it is not told: what was declined is withdrawn only where something was banked.
        'searched', c.id is null or c.status in ('declined', 'out_of_reach') or report_is_granted(c.id)
            or report_was_decided(c.id) or report_is_searched(r.id),
        'case', report_case(c.id),
        'copies', coalesce(report_copies(c.id), '[]'::jsonb),
        -- Of the pictures that she sent; of what her links led to only once she may see it.
        'refused', coalesce((
            select jsonb_agg(jsonb_build_object('name', b.name, 'why', b.why) order by b.name)
            from bank_refusal b
            where b.report_id = r.id and (b.name like 'picture %' or report_is_granted(c.id))), '[]'::jsonb),
        'evidence', jsonb_build_object(
            'kept', report_is_granted(c.id) and dossier_is_decided(r.id) and dossier_is_kept(r.id),
            'decided', report_is_granted(c.id) and dossier_is_decided(r.id),
            'again_at', dossier_again_at(r.id),
            'packages', coalesce((
                select jsonb_agg(jsonb_build_object(
                           'state', case when q.state = 'ready' and q.expires_at <= now() then 'deleted'
                                         else q.state end,
                           'asked_at', q.asked_at,
                           'dossier', q.dossier_id,
                           'size', q.size,
                           'expires_at', q.expires_at,
                           'taken_at', q.taken_at) order by q.asked_at desc)
                from (select * from dossier_request where report_id = r.id
                      order by asked_at desc limit 10) q), '[]'::jsonb)))
    from intake_report r left join cases_case c on c.report_id = r.id
    where r.locator = asked_locator and r.expires_at > now()
$$;
