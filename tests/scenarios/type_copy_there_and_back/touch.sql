\set i random(1, 20000)
BEGIN;
UPDATE signals SET note = note || 'x', score = NULL WHERE id = :i;
UPDATE twin SET note = note || 'x', score = NULL WHERE id = :i;
COMMIT;
