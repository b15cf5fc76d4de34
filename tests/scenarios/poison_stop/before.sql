CREATE TABLE public.amounts (
  tenant int  NOT NULL,
  code   text NOT NULL,
  raw    text NOT NULL,
  amount int,
  PRIMARY KEY (tenant, code)
);
INSERT INTO public.amounts (tenant, code, raw)
SELECT i % 20, 'c' || i, CASE WHEN i = 13337 THEN 'twelve' ELSE i::text END
FROM generate_series(1, 20000) AS i;
ANALYZE;
