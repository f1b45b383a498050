-- ledger: proofs in logarithmic time, witnesses, timestamps -----------------------------------------------------

create table ledger_tile (   -- C2SP tlog-tiles: full tiles only, the right edge follows from leaves and roots
    level  smallint not null check (level between 0 and 7),
    number bigint   not null check (number >= 0),
    hashes bytea    not null check (length(hashes) = 8192),   -- 256 hashes
    root   bytea    not null check (length(root) = 32),       -- over them: one hash of the level above
    primary key (level, number)
);

create table ledger_cosignature (   -- what witnesses signed, as it came and after it was checked
    size    bigint      not null references ledger_checkpoint,
    witness text        not null,   -- the witness's verifier key
    line    text        not null,   -- a signature line of a C2SP note
    at      timestamptz not null,   -- when, by the witness's clock
    primary key (size, witness)
);

create table ledger_stamp (   -- RFC 3161 responses over a checkpoint's text, checked before they came here
    size      bigint      not null references ledger_checkpoint,
    authority text        not null,
    at        timestamptz not null,   -- by the authority's clock
    response  bytea       not null,
    fact_id   bigint      not null references fact,   -- `timestamped`, which puts the response's hash into the log
    primary key (size, authority)
);

create table ledger_party (   -- how it stands with each witness and authority; the only table here that changes
    role          text not null check (role in ('witness', 'authority')),
    name          text not null,      -- a witness's verifier key, an authority's name
    asked_at      timestamptz,
    failing_since timestamptz,        -- null: the last answer was good
    failure       text,
    conflict      text,               -- what it has seen that our log cannot have grown from; nothing is signed on
    primary key (role, name)
);

create trigger ledger_tile_is_final before update or delete on ledger_tile
    for each row execute function forbid_change();
create trigger ledger_cosignature_is_final before update or delete on ledger_cosignature
    for each row execute function forbid_change();
create trigger ledger_stamp_is_final before update or delete on ledger_stamp
    for each row execute function forbid_change();
