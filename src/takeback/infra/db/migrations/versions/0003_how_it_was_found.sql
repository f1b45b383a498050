-- bank: clips, numbers for the index, and what was refused ----------------------------------------------------

alter table bank_entry
    add column number bigint generated always as identity,   -- how the index calls an entry
    add column kind   text not null default 'picture' check (kind in ('picture', 'clip'));
alter table bank_entry add constraint bank_entry_number unique (number);

alter table bank_signal add column frame smallint not null default 0 check (frame between 0 and 8191);
alter table bank_signal
    drop constraint bank_signal_pkey,
    add primary key (entry_id, frame, flip);   -- a picture has frame 0 only, a clip one for each moment kept

create table bank_refusal (       -- reported, and not banked
    report_id  uuid        not null,
    name       text        not null,   -- which of the report's pictures, as "picture 1"
    why        text        not null check (why in ('too_little_detail', 'inside_another', 'well_known')),
    refused_at timestamptz not null,
    primary key (report_id, name)
);

-- join: how they agree ----------------------------------------------------------------------------------------

alter table join_match
    alter column distance drop not null,
    add column cut         text     not null default 'whole' check (cut in ('whole', 'trimmed', 'panel', 'frame')),
    add column box         integer[] check (array_length(box, 1) = 4),   -- left, top, width, height; null: all of it
    add column at_ms       integer check (at_ms >= 0),                   -- of a clip
    add column review_only boolean  not null default false,              -- may be the same: a person says so
    add column exact       boolean  not null default true,               -- false: the post was gone before it was read exactly
    add column stage       smallint not null default 1 check (stage in (1, 2)),
    add column inliers     integer check (inliers > 0),
    add constraint join_match_stage check (
        case stage when 1 then distance is not null and inliers is null
                   else inliers is not null and review_only end);

-- cases: copies that only may be the same ---------------------------------------------------------------------

alter table cases_copy
    add column cut          text     not null default 'whole' check (cut in ('whole', 'trimmed', 'panel', 'frame')),
    add column box          integer[] check (array_length(box, 1) = 4),
    add column at_ms        integer check (at_ms >= 0),
    add column review_only  boolean  not null default false,
    add column exact        boolean  not null default true,
    add column stage        smallint not null default 1 check (stage in (1, 2)),
    add column inliers      integer check (inliers > 0),
    add column confirmed    boolean  not null default false,   -- a reviewer said: the same picture
    add constraint cases_copy_confirmed check (not confirmed or (review_only and not excluded));

-- What the person who reported sees: copies that are copies, and what could not be looked for. ------------------

create or replace function report_status(asked_locator bytea) returns jsonb
    language sql stable security definer set search_path = public, pg_temp as $$
    select jsonb_build_object(
        'received_at', r.received_at,
        'case', (select jsonb_build_object('status', c.status, 'due_at', c.due_at, 'changed_at', c.changed_at)
                 from cases_case c where c.report_id = r.id),
        'copies', coalesce((
            select jsonb_agg(jsonb_build_object(
                       'connector', p.connector,
                       'place', dense_rank,
                       'found_at', copy.added_at,
                       'state', coalesce(t.state, 'found'),
                       'changed_at', coalesce(t.changed_at, copy.added_at),
                       'gone_at', t.gone_at) order by copy.added_at, p.id)
            from (select cc.*, dense_rank() over (order by sp.connector, sp.place)
                  from cases_copy cc join sightings_post sp on sp.id = cc.sighting_id
                  where cc.case_id = (select id from cases_case where report_id = r.id)
                    and (cc.confirmed or not cc.review_only)) copy
            join sightings_post p on p.id = copy.sighting_id
            left join takedown_target t on t.case_id = copy.case_id and t.sighting_id = copy.sighting_id
            where not copy.excluded), '[]'::jsonb),
        'refused', coalesce((
            select jsonb_agg(jsonb_build_object('name', b.name, 'why', b.why) order by b.name)
            from bank_refusal b where b.report_id = r.id), '[]'::jsonb))
    from intake_report r
    where r.locator = asked_locator and r.expires_at > now()
$$;
