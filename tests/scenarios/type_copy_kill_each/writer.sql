\set i random(1, 1400)
\set v random(0, 3000)
BEGIN;
INSERT INTO measured (id, value) VALUES (:i, :v) ON CONFLICT (id) DO UPDATE SET value = excluded.value;
INSERT INTO twin (id, value) VALUES (:i, :v) ON CONFLICT (id) DO UPDATE SET value = excluded.value;
COMMIT;
