CREATE ROLE things_reader;
CREATE TABLE public.parts (
  id   bigint PRIMARY KEY,
  size integer NOT NULL DEFAULT 1,
  code text,
  CONSTRAINT small CHECK (size < 1000000)
);
INSERT INTO public.parts (id, size, code) SELECT n, n % 1000, 'c' || n FROM generate_series(1, 20000) AS n;
CREATE INDEX parts_size ON public.parts (size);
CREATE INDEX parts_gone ON public.parts (size, code);
CREATE STATISTICS parts_stats ON size, code FROM public.parts;
CREATE VIEW public.sizes AS SELECT id, size FROM public.parts;
ANALYZE;
