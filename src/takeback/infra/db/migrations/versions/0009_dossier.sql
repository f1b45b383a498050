-- dossier: packages that prove themselves -----------------------------------------------------------------------

create table dossier_package (
    id            uuid        primary key,
    case_id       uuid        not null references cases_case,
    state         text        not null check (state in ('asked', 'committed', 'written', 'abandoned')),
    asked_by      uuid,                   -- staff; null: the operator
    asked_at      timestamptz not null,
    access_fact   bigint      not null references fact,   -- EvidenceAccessed
    made_at       timestamptz,            -- as its closed list says
    listing       bytea,                  -- data/dossier.json
    fact_id       bigint      references fact,            -- DossierWritten, which commits to the listing
    blob          text,                   -- the zip, when it is written
    size          bigint,                 -- of the zip, in bytes
    doing         text        not null default '',        -- what is waited for, for people
    check (state in ('asked', 'abandoned') or (listing is not null and fact_id is not null)),
    check ((state = 'written') = (blob is not null and size is not null))
);
-- One at a time for each case: whoever asks again joins the one that is under way.
create unique index dossier_package_under_way on dossier_package (case_id) where state in ('asked', 'committed');
create index dossier_package_by_case on dossier_package (case_id, asked_at);

create table dossier_paper (   -- covered files that exist nowhere else; deleted when the zip is written
    dossier_id uuid  not null references dossier_package,
    name       text  not null,
    data       bytea not null,
    primary key (dossier_id, name)
);

create table dossier_part (    -- covered files that lie in the blob store; deleted when the zip is written
    dossier_id uuid   not null references dossier_package,
    name       text   not null,
    blob       text   not null,
    size       bigint not null,
    sha256     bytea  not null check (length(sha256) = 32),
    primary key (dossier_id, name)
);

create table dossier_place (   -- facts whose entries the package opens, in the order of their places
    dossier_id uuid   not null references dossier_package,
    fact_id    bigint not null references fact,
    primary key (dossier_id, fact_id)
);
