CREATE TABLE public.signals (
  id         bigint PRIMARY KEY,
  confidence numeric(10,4) NOT NULL DEFAULT 0.5,
  score      integer,
  note       text NOT NULL DEFAULT ''
);
INSERT INTO public.signals (id, confidence, score)
SELECT n, n % 10000 / 10000.0, CASE WHEN n % 7 > 0 THEN n END FROM generate_series(1, 20000) AS n;
CREATE TABLE public.twin (LIKE public.signals INCLUDING ALL);
INSERT INTO public.twin SELECT * FROM public.signals;
ANALYZE;
