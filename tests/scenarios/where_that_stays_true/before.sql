CREATE TABLE public.orders (id bigint PRIMARY KEY, state text NOT NULL);
INSERT INTO public.orders SELECT n, CASE WHEN n % 2 = 0 THEN 'finished' ELSE 'open' END
FROM generate_series(1, 1000) AS n;
CREATE TABLE public.order_items (
  order_id bigint NOT NULL,
  line_number int NOT NULL,
  revision int NOT NULL DEFAULT 0,
  PRIMARY KEY (order_id, line_number)
);
INSERT INTO public.order_items (order_id, line_number)
SELECT o, l FROM generate_series(1, 1000) AS o, generate_series(1, 20) AS l;
ANALYZE public.orders, public.order_items;
