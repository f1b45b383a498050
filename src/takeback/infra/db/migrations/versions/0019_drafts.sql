-- intake: what somebody typed on the portal and has not sent yet --------------------------------------------------

-- Unlogged: not in the write-ahead log, so not in archived logs, replicas or base backups. A crash of PostgreSQL
-- empties it, which costs half an hour of typing at most.
create unlogged table intake_draft (
    locator    bytea       primary key check (length(locator) = 32),   -- computed from the key in the cookie
    sealed     bytea       not null check (length(sealed) between 1 and 66000),   -- under that key
    begun_at   timestamptz not null default now(),
    expires_at timestamptz not null
);
alter table intake_draft alter column sealed set storage external;   -- sealed bytes do not compress
create index intake_draft_by_expiry on intake_draft (expires_at);

-- What the public portal may do besides, each time for one locator. -------------------------------------------------

-- kept | gone (it is not there any more: left, sent or expired; only `fresh` makes a new one) | full.
-- Thirty minutes from the last answer, four hours from the first.
create function draft_put(asked_locator bytea, new_sealed bytea, fresh boolean) returns text
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update intake_draft
    set sealed = new_sealed, expires_at = least(now() + interval '30 minutes', begun_at + interval '4 hours')
    where locator = asked_locator and expires_at > now();
    if found then
        return 'kept';
    end if;
    if not fresh then
        return 'gone';
    end if;
    delete from intake_draft where expires_at <= now();
    if (select count(*) from intake_draft) >= 8000 then
        return 'full';
    end if;
    insert into intake_draft (locator, sealed, expires_at)
    values (asked_locator, new_sealed, now() + interval '30 minutes')
    on conflict (locator) do update set sealed = excluded.sealed;   -- two presses at once
    return 'kept';
end $$;
revoke all on function draft_put(bytea, bytea, boolean) from public;
grant execute on function draft_put(bytea, bytea, boolean) to takeback_portal;

-- Null if there is none, or it has expired; then it is deleted.
create function draft_get(asked_locator bytea) returns bytea
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from intake_draft where locator = asked_locator and expires_at <= now();
    return (select sealed from intake_draft where locator = asked_locator);
end $$;
revoke all on function draft_get(bytea) from public;
grant execute on function draft_get(bytea) to takeback_portal;

create function draft_wipe(asked_locator bytea) returns void
    language sql security definer set search_path = public, pg_temp as $$
    delete from intake_draft where locator = asked_locator
$$;
revoke all on function draft_wipe(bytea) from public;
grant execute on function draft_wipe(bytea) to takeback_portal;
