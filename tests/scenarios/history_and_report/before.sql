CREATE TABLE public.items (id bigserial PRIMARY KEY, name text, slug text);
INSERT INTO public.items (name) SELECT 'item <' || i || '>' FROM generate_series(1, 60000) AS i;
ANALYZE;
