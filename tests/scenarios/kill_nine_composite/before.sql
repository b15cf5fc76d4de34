CREATE TABLE public.counted (
  tenant int  NOT NULL,
  code   text NOT NULL,
  n      int  NOT NULL DEFAULT 0,
  note   text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant, code)
);
INSERT INTO public.counted (tenant, code, n)
SELECT CASE WHEN i % 3 = 0 THEN i % 40 ELSE 7 END, 'c' || md5(i::text), i % 5 * 10
FROM generate_series(1, 120000) AS i;
CREATE TABLE public.counted_before AS SELECT tenant, code, n FROM public.counted;
ALTER TABLE public.counted_before ADD PRIMARY KEY (tenant, code);
ANALYZE;
