\set i random(1, 40)
\set v random(0, 9999)
BEGIN;
SELECT pg_advisory_xact_lock(:i);
INSERT INTO readings (id, hits, label) VALUES (:i, :v, 'low')
  ON CONFLICT (id) DO UPDATE SET hits = excluded.hits + 1, label = 'high';
INSERT INTO twin (id, hits, label) VALUES (:i, :v, 'low')
  ON CONFLICT (id) DO UPDATE SET hits = excluded.hits + 1, label = 'high';
COMMIT;
