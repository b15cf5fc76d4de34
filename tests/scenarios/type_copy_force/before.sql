CREATE TABLE public.readings (
  id    bigint PRIMARY KEY,
  value integer NOT NULL
);
INSERT INTO public.readings SELECT n, n FROM generate_series(1, 2000) AS n;
ANALYZE;
