CREATE TABLE public.prices (
  id     bigint PRIMARY KEY,
  amount numeric(10,2) NOT NULL,
  note   text
);
INSERT INTO public.prices (id, amount) SELECT n, n / 4.0 FROM generate_series(1, 2000) AS n;
ANALYZE;
