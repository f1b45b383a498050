-- evidence: that a place is under investigation, and is not any more, are facts -------------------------------------

alter table evidence_investigation
    add start_fact bigint references fact,   -- InvestigationStarted; null: it began before this column was there
    add end_fact   bigint references fact;   -- InvestigationEnded; null: it goes on, or nobody has said so yet
create index evidence_investigation_by_place on evidence_investigation (connector, place, began_at);
