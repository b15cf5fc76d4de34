CREATE TABLE public.devices (
  id     uuid PRIMARY KEY,
  serial text NOT NULL
);
INSERT INTO public.devices
SELECT md5(i::text)::uuid, CASE WHEN i % 1500 = 7 THEN 'none' ELSE i::text END
FROM generate_series(1, 6000) AS i;
ANALYZE;
