CREATE TABLE public.counted (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0, filler text NOT NULL);
INSERT INTO public.counted (n, filler) SELECT i % 5 * 10, repeat('x', 60) FROM generate_series(1, 60000) AS i;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
ALTER TABLE public.counted_before ADD PRIMARY KEY (id);
ANALYZE;
