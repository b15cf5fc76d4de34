-- Every change costs an index entry, and nobody vacuums but the scenario.
CREATE TABLE public.counted (id bigint PRIMARY KEY, n int NOT NULL, filler text NOT NULL)
  WITH (autovacuum_enabled = off);
INSERT INTO public.counted SELECT g, 0, repeat(md5(g::text), 4) FROM generate_series(1, 150000) AS g;
CREATE INDEX counted_n ON public.counted (n);
VACUUM ANALYZE public.counted;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
CREATE TABLE public.first_size AS SELECT pg_total_relation_size('public.counted') AS bytes;
