CREATE TABLE public.analysed (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0);
INSERT INTO public.analysed (n) SELECT 0 FROM generate_series(1, 30000);
CREATE TABLE public.never_analysed (LIKE public.analysed INCLUDING ALL) WITH (autovacuum_enabled = false);
INSERT INTO public.never_analysed SELECT id, n FROM public.analysed;
ANALYZE public.analysed;
