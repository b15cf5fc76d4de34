CREATE TABLE public.sessions (id uuid PRIMARY KEY, started timestamptz NOT NULL, day date);
INSERT INTO public.sessions (id, started)
SELECT md5('session ' || n)::uuid, timestamptz '2024-03-01 00:00+00' + n * interval '7 minutes'
FROM generate_series(1, 50000) AS n;
INSERT INTO public.sessions (id, started) VALUES
  ('00000000-0000-0000-0000-000000000000', '2024-01-01 00:00+00'),
  ('ffffffff-ffff-ffff-ffff-ffffffffffff', '2024-01-02 00:00+00');
ANALYZE public.sessions;
