CREATE TABLE public.prices (id bigint PRIMARY KEY, amount integer NOT NULL DEFAULT 7);
INSERT INTO public.prices SELECT n, n % 100 FROM generate_series(1, 3000) AS n;
ANALYZE;
