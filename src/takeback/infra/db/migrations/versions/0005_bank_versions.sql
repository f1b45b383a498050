-- bank: its past, told from any other ------------------------------------------------------------------------

create table bank_version (   -- one row for each change of bank_head, made by the database, whoever changes it
    seq   bigint primary key,
    token uuid   not null default gen_random_uuid()   -- equal tokens: the same change, after the same past
);
insert into bank_version (seq) select seq from bank_head;

create function bank_head_moved() returns trigger language plpgsql as $$
begin
    insert into bank_version (seq) values (new.seq);
    return new;
end $$;
revoke all on function bank_head_moved() from public;
create trigger bank_head_has_a_version after update of seq on bank_head
    for each row when (new.seq <> old.seq) execute function bank_head_moved();
create trigger bank_version_is_final before update or delete on bank_version
    for each row execute function forbid_change();
create trigger bank_version_stays before truncate on bank_version
    for each statement execute function forbid_change();
