-- keyring: the keys that belong to this database, by their public parts ----------------------------------------

create table keyring_key (
    name     text primary key,    -- of the file, below the folder of keys
    public   text,                -- its public half, or a hash that only the key gives; null: in use, not noted yet
    noted_at timestamptz not null default now()
);

-- What an older database uses must not be made anew beside it either.
insert into keyring_key (name)
select 'intake.identity' where exists (select from intake_report)
union all select 'portal/intake.recipient' where exists (select from intake_report)
union all select 'portal/pepper' where exists (select from intake_report)
union all select 'ledger.key' where exists (select from ledger_checkpoint)
union all select 'staff.key' where exists (select from staff_account);

-- Whether a key is the one that belongs here: null where none was noted. The portal asks this of its two files.
create function keyring_fits(asked_name text, asked_public text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select public = asked_public from keyring_key where name = asked_name
$$;
revoke all on function keyring_fits(text, text) from public;
grant execute on function keyring_fits(text, text) to takeback_portal;

-- ledger: what was signed of logs that this one succeeded (their leaves follow in this log) --------------------

create table ledger_past_checkpoint (
    origin    text        not null,   -- the old log's name
    size      bigint      not null,
    note      text        not null,
    signed_at timestamptz not null,
    primary key (origin, size)
);

create table ledger_past_vouched (    -- cosignature lines and RFC 3161 responses over them
    origin text        not null,
    size   bigint      not null,
    role   text        not null check (role in ('witness', 'authority')),
    name   text        not null,
    at     timestamptz not null,
    signed bytea       not null,
    primary key (origin, size, role, name),
    foreign key (origin, size) references ledger_past_checkpoint
);

create trigger ledger_past_checkpoint_is_final before update or delete on ledger_past_checkpoint
    for each row execute function forbid_change();
create trigger ledger_past_vouched_is_final before update or delete on ledger_past_vouched
    for each row execute function forbid_change();
