-- The table as it should be in the end, made with the new type, in a database of its own.
CREATE TABLE public.kind (value integer PRIMARY KEY);
CREATE TABLE public.measured (
  id    bigint PRIMARY KEY,
  note  text,
  value bigint NOT NULL DEFAULT 7 CHECK (value >= 0) REFERENCES public.kind (value)
);
COMMENT ON COLUMN public.measured.value IS 'as the instrument gave it';
CREATE INDEX measured_value ON public.measured (value) WHERE note IS NULL;
CREATE VIEW public.high AS SELECT id, value FROM public.measured WHERE value > 1000;
GRANT SELECT (value) ON public.measured TO PUBLIC;
