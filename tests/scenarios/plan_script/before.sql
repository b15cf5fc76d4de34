CREATE TABLE plans (id int PRIMARY KEY);
INSERT INTO plans SELECT generate_series(1, 10);
CREATE TABLE people (
  tenant  int,
  id      bigint,
  email   text NOT NULL,
  plan_id int,
  PRIMARY KEY (tenant, id));
INSERT INTO people SELECT i % 7, i, 'User' || i || '@Example.org', i % 12
  FROM generate_series(1, 9000) AS i;
CREATE TABLE readings (id bigint PRIMARY KEY, value numeric(10,4) DEFAULT 1.5 CHECK (value >= 0));
INSERT INTO readings SELECT i, i / 4.0 FROM generate_series(1, 7000) AS i;
CREATE INDEX readings_value ON readings (value);
COMMENT ON COLUMN readings.value IS 'what the sensor said';
ANALYZE;
