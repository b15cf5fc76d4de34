CREATE TABLE public.users (
  id    bigserial PRIMARY KEY,
  email text
);
INSERT INTO public.users (email)
SELECT 'user' || n || '@example.com' FROM generate_series(1, 5000) AS n;
ANALYZE public.users;
