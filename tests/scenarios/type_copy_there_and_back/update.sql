\set i random(1, 20000)
\set v random(0, 9999)
BEGIN;
UPDATE signals SET confidence = :v / 10000.0, score = nullif(:v, 5) WHERE id = :i;
UPDATE twin SET confidence = :v / 10000.0, score = nullif(:v, 5) WHERE id = :i;
COMMIT;
