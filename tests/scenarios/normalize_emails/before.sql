CREATE TABLE public.users (
  id    bigserial PRIMARY KEY,
  email text,
  name  text NOT NULL
);
INSERT INTO public.users (email, name)
SELECT CASE WHEN n % 50 = 0 THEN NULL ELSE '  User' || n || '@Example.COM ' END, 'user ' || n
FROM generate_series(1, 60000) AS n;
ANALYZE public.users;
