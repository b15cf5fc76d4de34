CREATE TABLE public.events (id bigint PRIMARY KEY, status text NOT NULL, touched int NOT NULL DEFAULT 0);
INSERT INTO public.events (id, status)
SELECT n, CASE WHEN n % 10000 = 1 OR n = 400000 THEN 'legacy' ELSE 'current' END
FROM generate_series(1, 400000) AS n;
ANALYZE public.events;
