\set i random(1, 30000)
\set v random(0, 9999)
BEGIN;
INSERT INTO signals (id, score) VALUES (:i, :v)
  ON CONFLICT (id) DO UPDATE SET score = excluded.score + 1;
INSERT INTO twin (id, score) VALUES (:i, :v)
  ON CONFLICT (id) DO UPDATE SET score = excluded.score + 1;
COMMIT;
