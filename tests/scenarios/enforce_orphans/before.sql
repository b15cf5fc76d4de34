CREATE TABLE public.plans (id int PRIMARY KEY);
INSERT INTO public.plans SELECT generate_series(1, 100);
CREATE TABLE public.accounts (
  id       bigint PRIMARY KEY,
  plan_id  int,
  owner_id int,
  note     text
);
INSERT INTO public.accounts
SELECT n, CASE WHEN n % 10 = 0 THEN 1000 WHEN n % 7 = 0 THEN NULL ELSE n % 100 + 1 END,
       CASE WHEN n % 9 = 0 THEN 2000 ELSE n % 100 + 1 END
FROM generate_series(1, 20000) AS n;
ANALYZE public.accounts;
