CREATE TABLE public.devices (
  id     bigint PRIMARY KEY,
  serial text,
  seen   integer NOT NULL DEFAULT 0
);
INSERT INTO public.devices (id, serial)
SELECT n, CASE WHEN n = 2917 THEN 'not a uuid' WHEN n % 5 > 0 THEN md5(n::text)::uuid::text END
FROM generate_series(1, 4000) AS n;
ANALYZE;
