CREATE TABLE public.people (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0);
INSERT INTO public.people (n) SELECT 0 FROM generate_series(1, 3000);
ANALYZE;
