CREATE TABLE public.counted (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0);
INSERT INTO public.counted (n) SELECT i % 5 * 10 FROM generate_series(1, 100000) AS i;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
ALTER TABLE public.counted_before ADD PRIMARY KEY (id);
ANALYZE;
