\set i random(1, 16000)
BEGIN;
SELECT pg_advisory_xact_lock(i) FROM unnest(ARRAY[:i, :i + 100000]) AS i;
UPDATE readings SET id = :i + 100000 WHERE id = :i
  AND NOT EXISTS (SELECT FROM readings AS o WHERE o.id = :i + 100000);
UPDATE twin SET id = :i + 100000 WHERE id = :i
  AND NOT EXISTS (SELECT FROM twin AS o WHERE o.id = :i + 100000);
COMMIT;
