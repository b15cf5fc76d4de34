CREATE TABLE public.measurements (
  id      bigint NOT NULL,
  taken   date   NOT NULL,
  celsius numeric NOT NULL,
  kelvin  numeric,
  PRIMARY KEY (id, taken)
) PARTITION BY RANGE (taken);
CREATE TABLE public.measurements_2023 PARTITION OF public.measurements
  FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE public.measurements_2024 PARTITION OF public.measurements
  FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY HASH (id);
CREATE TABLE public.measurements_2024_even PARTITION OF public.measurements_2024
  FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE public.measurements_2024_odd PARTITION OF public.measurements_2024
  FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE public.measurements_empty PARTITION OF public.measurements
  FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE public.measurements_rest PARTITION OF public.measurements DEFAULT;
INSERT INTO public.measurements (id, taken, celsius)
SELECT n, date '2023-01-01' + n % 1100, n % 60 - 20 FROM generate_series(1, 40000) AS n
WHERE n % 1100 NOT BETWEEN 731 AND 1095;
ANALYZE public.measurements;
