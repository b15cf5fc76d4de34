CREATE TABLE public.people (id bigserial PRIMARY KEY, name text NOT NULL, score numeric(10,4));
INSERT INTO public.people (name, score) SELECT 'Name ' || i, i / 7.0 FROM generate_series(1, 5000) AS i;
ANALYZE;
