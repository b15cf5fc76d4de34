-- Autovacuum takes minutes over it, and comes only when it must.
CREATE TABLE public.counted (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0, filler text NOT NULL)
  WITH (autovacuum_enabled = off, autovacuum_freeze_max_age = 100000,
        autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
INSERT INTO public.counted (n, filler) SELECT i % 5 * 10, repeat('x', 300) FROM generate_series(1, 60000) AS i;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
ALTER TABLE public.counted_before ADD PRIMARY KEY (id);
ANALYZE;
DO $$ BEGIN FOR i IN 1..100100 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$;
