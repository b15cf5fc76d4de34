CREATE TABLE public.people (id int PRIMARY KEY, a text, b text, made text GENERATED ALWAYS AS (upper(a)) STORED);
INSERT INTO public.people (id, a) SELECT n, 'person ' || n FROM generate_series(1, 100) AS n;
CREATE TABLE public.without_key (a text, b text);
CREATE TABLE public.nullable_key (a text UNIQUE, b text);
CREATE VIEW public.people_view AS SELECT id, a, b FROM public.people;
CREATE MATERIALIZED VIEW public.people_copy AS SELECT id, a, b FROM public.people;
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1');
CREATE FOREIGN TABLE public.people_abroad (id int NOT NULL, a text, b text) SERVER elsewhere;
-- May read everything and change nothing.
DROP ROLE IF EXISTS backfill_reader;
CREATE ROLE backfill_reader LOGIN PASSWORD 'reader-secret-5417';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO backfill_reader;
ANALYZE;
