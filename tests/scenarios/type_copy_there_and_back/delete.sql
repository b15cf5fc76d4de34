\set i random(1, 30000)
BEGIN;
DELETE FROM signals WHERE id = :i;
DELETE FROM twin WHERE id = :i;
COMMIT;
