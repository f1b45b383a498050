-- join: details of confirmed copies, for what no hash of a whole picture survives ------------------------------

create table join_details (
    entry_id    uuid        not null references bank_entry,
    sighting_id bigint      not null references sightings_post,   -- the copy that a reviewer confirmed
    connector   text        not null,
    place       text        not null,
    sealed      bytea       not null,   -- age; opened in memory to compare, never sent to anybody
    made_at     timestamptz not null,
    primary key (entry_id, sighting_id)
);
create index join_details_by_place on join_details (connector, place);
