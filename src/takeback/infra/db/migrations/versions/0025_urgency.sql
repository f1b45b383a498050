-- ground/jobs: what `store.fetch` asks for. Jobs that are for later stand behind those that are due.
create index procrastinate_jobs_by_urgency
    on procrastinate_jobs (priority, (coalesce(scheduled_at, '-infinity')), id) where status = 'todo';
