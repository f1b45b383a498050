-- An index that begins with the columns of each foreign key (tests/integration/db/test_indexes.py). Without one,
-- each row that is deleted reads all rows of the table that refers to it: 8 ms a sighting, for `join_details`.

create index cases_copy_by_entry on cases_copy (entry_id);
create index cases_decision_by_case on cases_decision (case_id);
create index cases_unseen_by_entry on cases_unseen (entry_id);
create index dossier_package_by_access on dossier_package (access_fact);
create index dossier_package_by_fact on dossier_package (fact_id);
create index dossier_place_by_fact on dossier_place (fact_id);
create index dossier_poster_release_by_fact on dossier_poster_release (fact_id);
create index evidence_capture_by_fact on evidence_capture (fact_id);
create index evidence_capture_by_deletion on evidence_capture (deletion_fact);
create index evidence_capture_by_erasure on evidence_capture (erasure_fact);
create index evidence_investigation_by_start_fact on evidence_investigation (start_fact);
create index evidence_investigation_by_end_fact on evidence_investigation (end_fact);
create index join_details_by_sighting on join_details (sighting_id);
create index ledger_stamp_by_fact on ledger_stamp (fact_id);
create index procrastinate_jobs_by_worker on procrastinate_jobs (worker_id);
create index staff_challenge_by_staff on staff_challenge (staff_id);
create index staff_link_by_staff on staff_link (staff_id);
create index staff_passkey_by_staff on staff_passkey (staff_id);
create index staff_request_by_asked on staff_request (asked_by);
create index staff_request_by_ended on staff_request (ended_by);
create index staff_session_by_staff on staff_session (staff_id);
create index takedown_round_by_fact on takedown_round (fact_id);

-- What the decisions in effect say of a copy is kept beside it, so that a further copy is planned, and its case
-- settled, without reading all others again.
alter table cases_copy add column removal text not null default 'none'
    check (removal in ('none', 'wanted', 'planned'));
update cases_copy k set removal = 'planned' from takedown_target t
where (t.case_id, t.sighting_id) = (k.case_id, k.sighting_id) and t.state <> 'called_off';
update cases_copy k set removal = 'wanted' from cases_unseen u
where (u.case_id, u.sighting_id) = (k.case_id, k.sighting_id) and k.removal = 'none';
create index cases_copy_wanted on cases_copy (case_id, added_at, sighting_id)
    where removal = 'wanted' and not excluded and (confirmed or not review_only);
create index cases_copy_undecided on cases_copy (case_id)
    where removal = 'none' and not excluded and gone_at is null and (confirmed or not review_only);
create index takedown_target_unfinished on takedown_target (case_id) where state not in ('gone', 'called_off');
create index takedown_target_busy on takedown_target (case_id) where state in ('planned', 'acting');

-- The first copy of each poster that counts for an entry: as many rows as posters, and these are bounded.
alter table cases_unseen add column first_of_poster boolean not null default false;
update cases_unseen u set first_of_poster = true
from (select distinct on (u.entry_id, p.connector, p.sender) u.case_id, u.sighting_id
      from cases_unseen u join sightings_post p on p.id = u.sighting_id
      left join cases_breaker b on b.entry_id = u.entry_id
      where not u.held and u.came_at > coalesce(b.counted_from, '-infinity')
      order by u.entry_id, p.connector, p.sender, u.came_at, u.sighting_id) first
where (u.case_id, u.sighting_id) = (first.case_id, first.sighting_id);
create index cases_unseen_first_of_poster on cases_unseen (case_id) where first_of_poster;
