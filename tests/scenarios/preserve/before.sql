CREATE TABLE public.orders (
  id         bigint PRIMARY KEY,
  total      numeric NOT NULL,
  cents      bigint,
  version    int NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL,
  seen_at    timestamptz
);
INSERT INTO public.orders
SELECT i, i * 1.25, NULL, i % 7, timestamptz '2020-01-01' + i * interval '1 minute', NULL
FROM generate_series(1, 60000) AS i;
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  NEW.version := OLD.version + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.touch();
-- Writes the row once more, as some applications do.
CREATE FUNCTION public.touch_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.orders SET seen_at = clock_timestamp(), updated_at = clock_timestamp()
   WHERE id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER zz_touch_again AFTER UPDATE OF cents ON public.orders
  FOR EACH ROW WHEN (NEW.id % 1000 = 0) EXECUTE FUNCTION public.touch_again();
CREATE TABLE public.orders_before AS SELECT id, version, updated_at FROM public.orders;
ALTER TABLE public.orders_before ADD PRIMARY KEY (id);
ANALYZE;
