\set i random(1, 16000)
BEGIN;
SELECT pg_advisory_xact_lock(:i);
UPDATE readings SET hits = NULL, label = NULL, seen = NULL WHERE id = :i;
UPDATE twin SET hits = NULL, label = NULL, seen = NULL WHERE id = :i;
COMMIT;
