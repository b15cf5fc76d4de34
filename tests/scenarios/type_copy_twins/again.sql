\set i random(1, 40)
\set v random(0, 9999)
BEGIN;
SELECT pg_advisory_xact_lock(:i);
DELETE FROM readings WHERE id = :i;
DELETE FROM twin WHERE id = :i;
INSERT INTO readings (id, hits) VALUES (:i, :v);
INSERT INTO twin (id, hits) VALUES (:i, :v);
UPDATE readings SET hits = hits - 1 WHERE id = :i;
UPDATE twin SET hits = hits - 1 WHERE id = :i;
COMMIT;
