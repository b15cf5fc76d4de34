\set i random(1, 40)
\set v random(0, 9999)
BEGIN;
SELECT pg_advisory_xact_lock(:i);
UPDATE readings SET hits = :v, amount = 0 WHERE id = :i;
UPDATE twin SET hits = :v, amount = 0 WHERE id = :i;
ROLLBACK;
