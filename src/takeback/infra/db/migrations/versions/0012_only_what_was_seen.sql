-- bank: entries that were made here of a copy that a reviewer saw; only these become active --------------------

alter table bank_entry
    add column made_of bigint;   -- the sighting of that copy; null: what a report brought, which finds candidates only

-- cases: what a decision covers, who looked, what can still be taken back ------------------------------------

alter table cases_case drop constraint cases_case_status_check;
alter table cases_case add constraint cases_case_status_check check (
    status in ('open', 'second_look', 'decided', 'removing', 'removed', 'declined', 'out_of_reach'));

alter table cases_decision
    add column looked_at integer,   -- how many of the copies that it covers the reviewer saw clearly; null: older
    drop constraint cases_decision_state_check;
alter table cases_decision add constraint cases_decision_state_check check (
    state in ('waiting', 'undone', 'effective', 'disputed', 'reversed'));

create table cases_decision_copy (   -- the copies that a decision covers: its page showed them as copies
    decision_id uuid   not null references cases_decision,
    sighting_id bigint not null,
    primary key (decision_id, sighting_id)
);
insert into cases_decision_copy (decision_id, sighting_id)   -- older decisions kept no list: what was there then
    select d.id, k.sighting_id from cases_decision d join cases_copy k on k.case_id = d.case_id
    where k.added_at <= d.decided_at and not k.excluded and (k.confirmed or not k.review_only);

create table cases_look (            -- who asked to see which copy clearly
    case_id     uuid        not null references cases_case,
    sighting_id bigint      not null,
    staff_id    uuid        not null,
    looked_at   timestamptz not null,
    primary key (case_id, sighting_id, staff_id)
);

alter table cases_copy
    add column acts_at timestamptz,  -- confirmed in a decided case: when that takes effect; null: with the decision
    add column gone_at timestamptz;  -- it was looked for and is gone, whichever case removed it

-- takedown: what is called off, and how a step ended -----------------------------------------------------------

alter table takedown_target drop constraint takedown_target_state_check;
alter table takedown_target add constraint takedown_target_state_check check (
    state in ('planned', 'acting', 'checking', 'gone', 'failed', 'called_off'));
alter table takedown_step
    add column how text not null default 'done' check (how in ('done', 'already', 'not_offered'));
update takedown_step set how = 'not_offered' where receipt = 'not offered by this platform';
update takedown_step set how = 'already' where receipt ~ '^(was |nothing to )';

update cases_copy k set gone_at = t.gone_at
    from takedown_target t where t.sighting_id = k.sighting_id and t.state = 'gone' and t.gone_at is not null;
