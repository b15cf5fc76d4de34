CREATE TABLE public.counted (
  id   uuid PRIMARY KEY,
  n    bigint NOT NULL DEFAULT 0,
  note text NOT NULL DEFAULT ''
);
INSERT INTO public.counted (id, n)
SELECT md5(i::text)::uuid, i % 5 * 10 FROM generate_series(1, 120000) AS i;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
ALTER TABLE public.counted_before ADD PRIMARY KEY (id);
ANALYZE;
