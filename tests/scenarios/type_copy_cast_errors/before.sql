CREATE TABLE public.recorded (
  id     bigint PRIMARY KEY,
  serial text,
  seen   integer NOT NULL DEFAULT 0
);
INSERT INTO public.recorded (id, serial)
SELECT n, md5(n::text)::uuid::text FROM generate_series(1, 2000) AS n;
CREATE TABLE public.failing (LIKE public.recorded INCLUDING ALL);
INSERT INTO public.failing SELECT * FROM public.recorded;
ANALYZE;
