CREATE TABLE people (id bigint PRIMARY KEY, email text NOT NULL, slug text, n int NOT NULL DEFAULT 0);
INSERT INTO people (id, email)
  SELECT i * 10, 'User' || i || '@Example.org' FROM generate_series(1, 60000) AS i;
CREATE TABLE small (tenant int, id int, word text NOT NULL, value int, PRIMARY KEY (tenant, id));
INSERT INTO small SELECT i % 3, i, i::text FROM generate_series(1, 300) AS i;
UPDATE small SET word = 'seventy-seven' WHERE id = 77;
CREATE TABLE owners (id int PRIMARY KEY);
CREATE TABLE pets (id int PRIMARY KEY, owner int REFERENCES owners);
INSERT INTO owners SELECT generate_series(1, 3000);
INSERT INTO pets SELECT i, i % 3000 + 1 FROM generate_series(1, 7000) AS i;
CREATE TABLE other (id int PRIMARY KEY, slug text);
SELECT pg_stat_force_next_flush();
ANALYZE;
CREATE TABLE fresh (id int PRIMARY KEY, n int) WITH (autovacuum_enabled = off);
INSERT INTO fresh SELECT generate_series(1, 20000);
SELECT pg_stat_force_next_flush();
