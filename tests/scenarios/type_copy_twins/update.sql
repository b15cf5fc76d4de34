\set i random(1, 16000)
\set v random(0, 9999)
BEGIN;
SELECT pg_advisory_xact_lock(:i);
UPDATE readings SET amount = :v / 10000.0, hits = :v, seen = timestamp '2021-01-01' + :v * interval '1 hour' WHERE id = :i;
UPDATE twin SET amount = :v / 10000.0, hits = :v, seen = timestamp '2021-01-01' + :v * interval '1 hour' WHERE id = :i;
COMMIT;
