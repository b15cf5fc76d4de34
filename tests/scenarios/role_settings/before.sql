CREATE TABLE public.counted (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0, filler text NOT NULL);
INSERT INTO public.counted (n, filler) SELECT i % 5 * 10, repeat('x', 60) FROM generate_series(1, 40000) AS i;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
ALTER TABLE public.counted_before ADD PRIMARY KEY (id);
ANALYZE;
-- Whoever finds this first in a search_path believes that nothing is longer than it is.
CREATE SCHEMA evil;
CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'evil' $$;
CREATE FUNCTION evil.hashtextextended(text, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 0::bigint $$;
CREATE TABLE evil.counted (id bigint PRIMARY KEY, n int);
