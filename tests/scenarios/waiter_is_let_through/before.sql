CREATE TABLE public.counted (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0, note text);
INSERT INTO public.counted (n) SELECT i % 5 * 10 FROM generate_series(1, 400) AS i;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
ALTER TABLE public.counted_before ADD PRIMARY KEY (id);
-- Each row takes a while, so that a whole batch holds its locks for seconds; the first try only,
-- so that the job comes to its end.
CREATE SEQUENCE public.slow_rows;
CREATE FUNCTION public.plus_one(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('public.slow_rows') <= 300 THEN
    PERFORM pg_sleep(0.02);
  END IF;
  RETURN n + 1;
END $$;
ANALYZE;
