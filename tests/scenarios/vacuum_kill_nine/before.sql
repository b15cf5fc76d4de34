CREATE TABLE public.counted (id bigint PRIMARY KEY, n int NOT NULL, filler text NOT NULL)
  WITH (autovacuum_enabled = off);
INSERT INTO public.counted SELECT g, 0, repeat(md5(g::text), 4) FROM generate_series(1, 60000) AS g;
CREATE INDEX counted_n ON public.counted (n);
VACUUM ANALYZE public.counted;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
-- A VACUUM that rests after each page: it takes minutes.
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET vacuum_cost_delay = 100', current_database());
  EXECUTE format('ALTER DATABASE %I SET vacuum_cost_limit = 1', current_database());
END $$;
