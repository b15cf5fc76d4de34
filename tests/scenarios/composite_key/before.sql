CREATE TYPE public.channel AS ENUM ('web', 'app', 'phone', 'letter');
-- One tenant holds almost all rows, so that a walk by the first column alone would be one batch.
-- Only a unique index, no primary key: the key must be discovered.
CREATE TABLE public.orders (
  tenant  smallint       NOT NULL,
  channel public.channel NOT NULL,
  placed  timestamptz    NOT NULL,
  amount  numeric(12, 4) NOT NULL,
  cents   bigint
);
CREATE UNIQUE INDEX orders_key ON public.orders (tenant, channel, placed, amount);
INSERT INTO public.orders (tenant, channel, placed, amount)
SELECT CASE WHEN n % 100 = 0 THEN n % 700 / 100 ELSE 3 END,
  (ARRAY['letter', 'web', 'app', 'phone'])[1 + n % 4]::public.channel,
  timestamptz '2024-10-27 00:30:00.000001+00' + n / 3 * interval '1.000001 seconds',
  n * 0.0101
FROM generate_series(1, 50000) AS n;
ANALYZE public.orders;
