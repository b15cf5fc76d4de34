CREATE TABLE public.plans (id int PRIMARY KEY);
INSERT INTO public.plans SELECT generate_series(1, 100);
CREATE TABLE public.accounts (
  id      bigint PRIMARY KEY,
  code    text,
  plan_id int
);
INSERT INTO public.accounts
SELECT n, 'code ' || n, CASE WHEN n % 10 = 0 THEN 1000 ELSE n % 100 + 1 END
FROM generate_series(1, 60000) AS n;
ANALYZE public.accounts;
