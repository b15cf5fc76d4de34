-- Twins: each change costs an index entry, and nobody vacuums but the job.
CREATE TABLE public.counted (id bigint PRIMARY KEY, n int NOT NULL, filler text NOT NULL)
  WITH (autovacuum_enabled = off);
INSERT INTO public.counted SELECT g, 0, repeat(md5(g::text), 4) FROM generate_series(1, 200000) AS g;
CREATE INDEX counted_n ON public.counted (n);
CREATE TABLE public.twin (LIKE public.counted INCLUDING ALL);
INSERT INTO public.twin SELECT * FROM public.counted;
VACUUM ANALYZE public.counted;
VACUUM ANALYZE public.twin;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
