CREATE TABLE public.sparse (id bigint PRIMARY KEY, a int NOT NULL, b int);
INSERT INTO public.sparse (id, a)
SELECT -9223372036854775808 + n, n FROM generate_series(0, 2000) AS n
UNION ALL SELECT n, n FROM generate_series(-1000, 1000) AS n
UNION ALL SELECT n * 1000000000000, n FROM generate_series(2, 2000) AS n
UNION ALL SELECT 9223372036854775807 - n, n FROM generate_series(0, 2000) AS n;
ANALYZE public.sparse;
