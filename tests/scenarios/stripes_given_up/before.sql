-- Twins that stripes would keep small.
CREATE TABLE public.counted (id bigint PRIMARY KEY, n int NOT NULL, filler text NOT NULL)
  WITH (autovacuum_enabled = off);
INSERT INTO public.counted SELECT g, 0, repeat('x', 60) FROM generate_series(1, 300000) AS g;
CREATE TABLE public.twin (LIKE public.counted INCLUDING ALL);
INSERT INTO public.twin SELECT * FROM public.counted;
VACUUM ANALYZE public.counted;
VACUUM ANALYZE public.twin;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
