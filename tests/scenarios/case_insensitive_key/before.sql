CREATE COLLATION public.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE public.accounts (login text COLLATE public.any_case PRIMARY KEY, seen int NOT NULL DEFAULT 0);
INSERT INTO public.accounts (login)
SELECT CASE n % 3 WHEN 0 THEN 'user' WHEN 1 THEN 'User' ELSE 'USER' END || n
FROM generate_series(1, 20000) AS n;
ANALYZE public.accounts;
