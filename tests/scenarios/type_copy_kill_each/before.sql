CREATE TABLE public.kind (value integer PRIMARY KEY);
INSERT INTO public.kind SELECT generate_series(0, 3000);
CREATE TABLE public.measured (
  id    bigint PRIMARY KEY,
  value integer NOT NULL DEFAULT 7 CHECK (value >= 0) REFERENCES public.kind (value),
  note  text
);
COMMENT ON COLUMN public.measured.value IS 'as the instrument gave it';
CREATE INDEX measured_value ON public.measured (value) WHERE note IS NULL;
CREATE VIEW public.high AS SELECT id, value FROM public.measured WHERE value > 1000;
GRANT SELECT (value) ON public.measured TO PUBLIC;
INSERT INTO public.measured (id, value) SELECT n, n FROM generate_series(1, 1200) AS n;
CREATE TABLE public.twin (LIKE public.measured);
ALTER TABLE public.twin ADD PRIMARY KEY (id);
INSERT INTO public.twin SELECT * FROM public.measured;
ANALYZE;
