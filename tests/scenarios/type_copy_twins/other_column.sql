\set i random(1, 16000)
BEGIN;
SELECT pg_advisory_xact_lock(:i);
UPDATE readings SET note = left(note || 'x', 20) WHERE id = :i;
UPDATE twin SET note = left(note || 'x', 20) WHERE id = :i;
COMMIT;
