-- signals: a file shows more than one picture (frames, pages, members, transparency on black) ----------------------

alter table join_match
    add view text not null default '' check (length(view) <= 96);   -- signals.files.names; '': as ordinarily shown
alter table cases_copy
    add view text not null default '' check (length(view) <= 96);

alter table sightings_post
    add left_out integer not null default 0 check (left_out >= 0);  -- views that exist and were not looked at
create index sightings_post_left_out on sightings_post (connector) where left_out > 0;
