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
