CREATE TABLE public.measured (
  id    bigint PRIMARY KEY,
  value integer NOT NULL DEFAULT 7 CHECK (value >= 0),
  note  text
);
CREATE INDEX measured_value ON public.measured (value);
CREATE UNIQUE INDEX measured_both ON public.measured (value, id);
INSERT INTO public.measured (id, value) SELECT n, n * 3 FROM generate_series(1, 12000) AS n;
CREATE TABLE public.twin (LIKE public.measured);
ALTER TABLE public.twin ADD PRIMARY KEY (id);
INSERT INTO public.twin SELECT * FROM public.measured;
-- What the table should be like in the end, but for the order of its columns.
CREATE TABLE public.wanted (
  id    bigint PRIMARY KEY,
  value bigint NOT NULL DEFAULT 7 CHECK (value >= 0),
  note  text
);
CREATE INDEX wanted_value ON public.wanted (value);
CREATE UNIQUE INDEX wanted_both ON public.wanted (value, id);
CREATE VIEW public.shape AS
SELECT of_table, what FROM (
  SELECT attrelid::regclass::text AS of_table,
         format('%s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull,
                (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
                 WHERE adrelid = attrelid AND adnum = attnum)) AS what
  FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT indrelid::regclass::text,
         replace(pg_get_indexdef(indexrelid), indrelid::regclass::text, 'TABLE') || indisvalid
  FROM pg_index
  UNION ALL
  SELECT conrelid::regclass::text,
         replace(conname || pg_get_constraintdef(oid) || convalidated, conrelid::regclass::text,
                 'TABLE')
  FROM pg_constraint WHERE conrelid <> 0
  UNION ALL
  SELECT tgrelid::regclass::text, tgname FROM pg_trigger) AS parts
WHERE of_table IN ('measured', 'wanted');
CREATE TABLE public.shape_before AS SELECT * FROM public.shape WHERE of_table = 'measured';
ANALYZE;
