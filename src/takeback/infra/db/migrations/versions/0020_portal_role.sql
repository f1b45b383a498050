-- What the portal's role cannot hold up (ADR 27). ------------------------------------------------------------------

-- Locks: LOCK TABLE needs a privilege, an advisory lock needs none. `ground/db/locks.py` says who takes which.
create table lock_bank ();
create table lock_sequence ();
create table lock_archive ();

-- Notifications: everybody can fill their queue, and then nobody who notifies can commit. So nobody does.
drop trigger intake_report_announced on intake_report;
drop trigger dossier_request_announced on dossier_request;
drop function intake_announce();
drop trigger procrastinate_jobs_notify_queue_job_inserted_v1 on procrastinate_jobs;
drop trigger procrastinate_jobs_notify_queue_job_aborted_v1 on procrastinate_jobs;
create index procrastinate_jobs_due on procrastinate_jobs (coalesce(scheduled_at, '-infinity'))
    where status = 'todo';

-- Drafts: those that are over are deleted unless somebody holds them, so that two portals never wait for each other.
create or replace function draft_put(asked_locator bytea, new_sealed bytea, fresh boolean) returns text
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
    delete from intake_draft where locator = any(array(
        select locator from intake_draft where expires_at <= now() for update skip locked));
    if (select count(*) from intake_draft where expires_at > now()) >= 8000 then
        return 'full';
    end if;
    insert into intake_draft (locator, sealed, expires_at)
    values (asked_locator, new_sealed, now() + interval '30 minutes')
    on conflict (locator) do update set sealed = excluded.sealed;   -- two presses at once
    return 'kept';
end $$;
