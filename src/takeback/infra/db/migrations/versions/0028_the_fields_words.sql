-- Tables, columns, indexes, constraints, triggers and functions take the words that the code uses now:
-- fact -> event, intake -> submissions, join -> matching, shard -> stream. Rows and grants stay as they are.

create function pg_temp.renamed(name text) returns text language plpgsql immutable as $$
begin
    name := regexp_replace(name, '\mfact_followed', 'event_handled', 'g');
    name := regexp_replace(name, '\mintake_(?=[a-z])', 'submissions_', 'g');
    name := regexp_replace(name, '\mjoin_(?=(details|match))', 'matching_', 'g');
    name := regexp_replace(name, '(\m|_)shard(?=(\M|_))', '\1stream', 'g');
    return regexp_replace(name, '(\m|_)fact(?=(\M|_))', '\1event', 'g');
end $$;

do $$
declare
    ours constant oid := 'public'::regnamespace;
    command text;
begin
    for command in
        -- Functions first: their text names what is renamed below, and they are looked up again at each call.
        select pg_temp.renamed(pg_get_functiondef(oid)) from pg_proc
        where pronamespace = ours and prokind = 'f' and proname !~ '^procrastinate_'
            and proname <> 'intake_announce' and pg_temp.renamed(prosrc) <> prosrc
    loop
        execute 'set local check_function_bodies = off';
        execute command;
    end loop;
    for command in
        select format('alter function %s rename to %I', oid::regprocedure, pg_temp.renamed(proname))
        from pg_proc where pronamespace = ours and pg_temp.renamed(proname) <> proname
        union all
        select format('alter table %s rename column %I to %I', k.oid::regclass, attname, pg_temp.renamed(attname))
        from pg_attribute join pg_class k on k.oid = attrelid
        where relnamespace = ours and relkind in ('r', 'p') and relname !~ '^procrastinate_' and attnum > 0
            and not attisdropped and pg_temp.renamed(attname) <> attname
        union all
        select format('alter table %s rename constraint %I to %I', conrelid::regclass, conname, pg_temp.renamed(conname))
        from pg_constraint where connamespace = ours and conrelid <> 0 and contype <> 't'
            and conrelid::regclass::text !~ '^procrastinate_' and pg_temp.renamed(conname) <> conname
        union all
        select format('alter trigger %I on %s rename to %I', tgname, tgrelid::regclass, pg_temp.renamed(tgname))
        from pg_trigger join pg_class k on k.oid = tgrelid
        where relnamespace = ours and not tgisinternal and pg_temp.renamed(tgname) <> tgname
    loop
        execute command;
    end loop;
    for command in  -- what a constraint owns has its new name already
        select format('alter %s %s rename to %I', case relkind when 'i' then 'index' when 'S' then 'sequence' else 'table' end,
            oid::regclass, pg_temp.renamed(relname))
        from pg_class where relnamespace = ours and relkind in ('i', 'S', 'r') and relname !~ '^procrastinate_'
            and pg_temp.renamed(relname) <> relname
    loop
        execute command;
    end loop;
end $$;

drop function pg_temp.renamed(text);
