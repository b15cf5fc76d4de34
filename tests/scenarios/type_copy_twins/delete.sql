\set i random(1, 16000)
BEGIN;
SELECT pg_advisory_xact_lock(:i);
DELETE FROM readings WHERE id = :i;
DELETE FROM twin WHERE id = :i;
COMMIT;
