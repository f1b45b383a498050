-- dossier: packages for the person concerned, by her receipt ----------------------------------------------------

alter table dossier_package
    drop constraint dossier_package_state_check,
    add constraint dossier_package_state_check
        check (state in ('asked', 'committed', 'written', 'abandoned', 'deleted'));

create table dossier_request (   -- somebody with a receipt asked for the case's package
    id         uuid        primary key default gen_random_uuid(),
    report_id  uuid        not null references intake_report,
    state      text        not null default 'asked'
               check (state in ('asked', 'ready', 'deleted', 'failed', 'too_large')),
    asked_at   timestamptz not null default now(),
    dossier_id uuid        references dossier_package,   -- null: the worker has not recorded the access yet
    own        boolean     not null default false,       -- the package was begun for it, and is deleted with it
    size       bigint      check (size > 0),             -- of the package, in bytes
    expires_at timestamptz,                              -- then it is deleted
    taken_at   timestamptz,                              -- when its last download began
    check (state <> 'ready' or (dossier_id is not null and size is not null and expires_at is not null))
);
-- One at a time for each report: a second press joins the first.
create unique index dossier_request_under_way on dossier_request (report_id) where state in ('asked', 'ready');
create index dossier_request_by_report on dossier_request (report_id, asked_at);
create index dossier_request_by_dossier on dossier_request (dossier_id);
create index dossier_request_waiting on dossier_request (asked_at) where state = 'asked' and dossier_id is null;
create index dossier_request_by_expiry on dossier_request (expires_at) where state = 'ready';
create trigger dossier_request_announced after insert on dossier_request
    for each statement execute function intake_announce();   -- the worker listens to one channel

create table dossier_piece (     -- a package on its way out: the portal has no blob store
    request_id uuid    not null references dossier_request,
    number     integer not null check (number >= 0),
    data       bytea   not null check (length(data) between 1 and 1048576),
    primary key (request_id, number)
);
alter table dossier_piece alter column data set storage external;   -- sealed parts do not compress

-- Pieces are there while their request is under way, whoever ends it, and not a moment longer.
create function dossier_request_over() returns trigger language plpgsql as $$
begin
    delete from dossier_piece where request_id = new.id;
    return null;
end $$;
revoke all on function dossier_request_over() from public;
create trigger dossier_request_is_over after update of state on dossier_request
    for each row when (new.state not in ('asked', 'ready')) execute function dossier_request_over();

-- Erased evidence is not handed out: in the transaction that erases it, whoever does.
create function dossier_evidence_erased() returns trigger language plpgsql as $$
begin
    update dossier_request set state = 'deleted'
    where state in ('asked', 'ready') and report_id in (
        select c.report_id from cases_copy k join cases_case c on c.id = k.case_id
        where k.sighting_id = new.sighting_id);
    return null;
end $$;
revoke all on function dossier_evidence_erased() from public;
create trigger evidence_capture_is_handed_out_no_more after update of state on evidence_capture
    for each row when (new.state = 'erased' and old.state <> 'erased')
    execute function dossier_evidence_erased();

-- What the public portal may do besides: ask for a package, and take it out piece by piece. --------------------

-- Not where somebody shown may be younger than 18: nobody is told by a receipt where that is posted.
create function dossier_is_kept(asked_report uuid) returns boolean language sql stable
    set search_path = public, pg_temp as $$
    select exists (
        select from cases_case c
        join cases_copy k on k.case_id = c.id and not k.excluded and (k.confirmed or not k.review_only)
        join evidence_capture e on e.sighting_id = k.sighting_id and e.state = 'captured' and not e.suspected_minor
        where c.report_id = asked_report)
$$;
revoke all on function dossier_is_kept(uuid) from public;

-- A package names places and people. Whoever has a picture can report it; so a person decides first.
create function dossier_is_decided(asked_report uuid) returns boolean language sql stable
    set search_path = public, pg_temp as $$
    select exists (
        select from cases_case where report_id = asked_report and status in ('removing', 'removed'))
$$;
revoke all on function dossier_is_decided(uuid) from public;

-- Three within 24 hours; null: one may be asked for now.
create function dossier_again_at(asked_report uuid) returns timestamptz language sql stable
    set search_path = public, pg_temp as $$
    select asked_at + interval '24 hours' from dossier_request
    where report_id = asked_report and asked_at > now() - interval '24 hours'
    order by asked_at desc offset 2 limit 1
$$;
revoke all on function dossier_again_at(uuid) from public;

-- Nothing is answered: `report_status` says how it stands, and says nothing to a wrong locator.
create function report_ask_package(asked_locator bytea) returns void language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    report uuid;
begin
    select r.id into report from intake_report r where r.locator = asked_locator and r.expires_at > now();
    update dossier_request set state = 'deleted'
    where report_id = report and state = 'ready' and expires_at <= now();
    if dossier_is_decided(report) and dossier_is_kept(report) and dossier_again_at(report) is null then
        insert into dossier_request (report_id) values (report) on conflict do nothing;
    end if;
end $$;
revoke all on function report_ask_package(bytea) from public;
grant execute on function report_ask_package(bytea) to takeback_portal;

-- One piece of the package that is ready; null if there is no such piece, package or receipt. The first one
-- notes that a download began, which `report_status` shows to whoever asks next.
create function report_package_piece(asked_locator bytea, asked_dossier uuid, asked_number integer) returns bytea
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    request uuid;
begin
    select q.id into request from dossier_request q join intake_report r on r.id = q.report_id
    where r.locator = asked_locator and r.expires_at > now()
        and q.dossier_id = asked_dossier and q.state = 'ready' and q.expires_at > now()
        and not exists (select from cases_case c where c.report_id = r.id and c.status = 'declined');
    if asked_number = 0 then
        update dossier_request set taken_at = now() where id = request and state = 'ready';
    end if;
    return (select data from dossier_piece where request_id = request and number = asked_number);
end $$;
revoke all on function report_package_piece(bytea, uuid, integer) from public;
grant execute on function report_package_piece(bytea, uuid, integer) to takeback_portal;

-- What the person who reported sees: also whether the newest look at a copy was not certain, and her packages.
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
                       'gone_at', t.gone_at,
                       -- Rounds that are certain move on to the next one: looks of this one, or its end, are not.
                       'unclear_at', coalesce(
                           (select max(l.looked_at) from takedown_look l
                            where l.target_id = t.id and l.round = t.round),
                           (select max(o.at) from takedown_round o
                            where o.target_id = t.id and o.finding = 'unclear'
                              and o.round = case t.state when 'gone' then t.round - 1 else t.round end)))
                   order by copy.added_at, p.id)
            from (select cc.*, dense_rank() over (order by sp.connector, sp.place)
                  from cases_copy cc join sightings_post sp on sp.id = cc.sighting_id
                  where cc.case_id = (select id from cases_case where report_id = r.id)
                    and (cc.confirmed or not cc.review_only)) copy
            join sightings_post p on p.id = copy.sighting_id
            left join takedown_target t on t.case_id = copy.case_id and t.sighting_id = copy.sighting_id
            where not copy.excluded), '[]'::jsonb),
        'refused', coalesce((
            select jsonb_agg(jsonb_build_object('name', b.name, 'why', b.why) order by b.name)
            from bank_refusal b where b.report_id = r.id), '[]'::jsonb),
        'evidence', jsonb_build_object(
            'kept', dossier_is_kept(r.id),
            'decided', dossier_is_decided(r.id),
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
    from intake_report r
    where r.locator = asked_locator and r.expires_at > now()
$$;
