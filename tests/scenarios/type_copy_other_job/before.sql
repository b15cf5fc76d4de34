CREATE TABLE public.parcels (id bigint PRIMARY KEY, weight integer, size integer, size__backfill_new text);
INSERT INTO public.parcels SELECT n, n, n, 'mine' FROM generate_series(1, 500) AS n;
ANALYZE;
