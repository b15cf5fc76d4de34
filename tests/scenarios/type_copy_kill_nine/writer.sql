\set i random(1, 14000)
\set v random(0, 100000)
BEGIN;
INSERT INTO measured (id, value) VALUES (:i, :v) ON CONFLICT (id) DO UPDATE SET value = excluded.value;
INSERT INTO twin (id, value) VALUES (:i, :v) ON CONFLICT (id) DO UPDATE SET value = excluded.value;
COMMIT;
