CREATE TABLE public.items (id bigserial PRIMARY KEY, name text, upper_name text);
INSERT INTO public.items (name) SELECT 'item ' || i FROM generate_series(1, 500) AS i;
CREATE TABLE public.other (LIKE public.items INCLUDING ALL);
ANALYZE;
