CREATE TYPE public.grade AS ENUM ('low', 'middle', 'high');
CREATE TABLE public.readings (
  id     integer PRIMARY KEY,
  amount numeric(10,4) NOT NULL DEFAULT 0.5,
  hits   integer,
  label  varchar(20) DEFAULT 'middle',
  seen   timestamp,
  note   text NOT NULL DEFAULT ''
);
INSERT INTO public.readings (id, amount, hits, label, seen)
SELECT n, n % 10000 / 10000.0, nullif(n % 7, 0), (ARRAY['low', 'middle', 'high', NULL])[1 + n % 4],
       timestamp '2020-01-01' + n * interval '1 minute'
FROM generate_series(1, 12000) AS n;
CREATE INDEX readings_hits ON public.readings (hits) WHERE hits IS NOT NULL;
CREATE TABLE public.twin (LIKE public.readings INCLUDING ALL);
INSERT INTO public.twin SELECT * FROM public.readings;
-- Both tables in terms of the new types, so that they can be compared at any time.
CREATE VIEW public.twin_seen AS
SELECT id::bigint AS id, amount::double precision AS amount, hits::bigint AS hits,
       label::public.grade AS label, seen AT TIME ZONE 'UTC' AS seen, note FROM public.twin;
ANALYZE;
