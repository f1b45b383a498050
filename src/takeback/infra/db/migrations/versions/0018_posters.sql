-- dossier: a package by receipt names no poster unless a reviewer released that; times are told in a zone, too --

alter table dossier_package
    add names_posters boolean not null default true,
    add time_zone     text;                  -- whose times stand beside those in UTC; null: the setting's

-- What is under way for a receipt alone was begun before there was a choice.
update dossier_package set names_posters = false
where state in ('asked', 'committed')
    and exists (select from dossier_request q where q.dossier_id = dossier_package.id and q.own);

-- One of each kind at a time.
drop index dossier_package_under_way;
create unique index dossier_package_under_way on dossier_package (case_id, names_posters)
    where state in ('asked', 'committed');

create table dossier_poster_release (   -- a reviewer let the person concerned be told which accounts posted
    case_id     uuid        primary key references cases_case,
    fact_id     bigint      not null references fact,   -- PosterReleased
    released_at timestamptz not null
);
