\set i random(1, 16000)
\set v random(0, 9999)
BEGIN;
SELECT pg_advisory_xact_lock(:i);
INSERT INTO readings (id, amount, hits) VALUES (:i, :v / 10000.0, :v) ON CONFLICT DO NOTHING;
INSERT INTO twin (id, amount, hits) VALUES (:i, :v / 10000.0, :v) ON CONFLICT DO NOTHING;
COMMIT;
