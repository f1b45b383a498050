-- takedown: each round of looks beside a picture that is known to be there --------------------------------------

create table takedown_control (   -- what the control showed, right before the copy was looked at and right after
    target_id uuid    not null references takedown_target,
    round     integer not null,
    moment    text    not null check (moment in ('before', 'after')),
    surface   text    not null,
    vantage   text    not null,
    state     text    not null check (state in ('present', 'absent', 'undetermined')),
    seen      text    not null,
    primary key (target_id, round, moment, surface, vantage)
);

create table takedown_round (     -- rounds that came to their end; those of before this table have none
    target_id uuid        not null references takedown_target,
    round     integer     not null,
    at        timestamptz not null,
    finding   text        not null check (finding in ('gone', 'there', 'unclear')),
    series    bytea       not null,   -- RFC 8785 form of looks and controls; its SHA-256 is in the fact
    fact_id   bigint      not null references fact,
    primary key (target_id, round)
);
create trigger takedown_round_is_final before update or delete on takedown_round
    for each row execute function forbid_change();
