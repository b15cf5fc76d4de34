CREATE TABLE public.users (id bigserial PRIMARY KEY, email text, email_lower text);
INSERT INTO public.users (email) SELECT 'User' || i || '@Example.com' FROM generate_series(1, 20000) AS i;
ANALYZE;
