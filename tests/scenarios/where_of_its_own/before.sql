CREATE TABLE public.members (id bigserial PRIMARY KEY, email text NOT NULL);
INSERT INTO public.members (email) SELECT 'User' || i || '@Example.com' FROM generate_series(1, 3000) AS i;
ANALYZE;
