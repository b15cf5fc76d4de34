CREATE TABLE public.users (id bigserial PRIMARY KEY, email text NOT NULL);
INSERT INTO public.users (email) SELECT ' User' || n || '@Example.COM' FROM generate_series(1, 20000) AS n;
ANALYZE;
