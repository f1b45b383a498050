-- In the slow lane posters take turns: how many files one has waiting is asked for each that joins it.
create index sightings_post_unread on sightings_post (connector, sender) where state = 'unread';
