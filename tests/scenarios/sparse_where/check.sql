SELECT count(*) = 0 AS nothing_is_left FROM events WHERE status = 'legacy';
SELECT count(*) = 41 AS every_matching_row_changed_once FROM events
  WHERE status = 'migrated' AND touched = 1 AND (id % 10000 = 1 OR id = 400000);
SELECT count(*) = 399959 AS no_other_row_was_touched FROM events
  WHERE status = 'current' AND touched = 0;
