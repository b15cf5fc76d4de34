-- Rows of one schema that the other does not have: none.
SELECT sum(rows) = 0 AS nothing_was_lost FROM (
SELECT count(*) AS rows FROM (
  (SELECT 'orders', id::bigint, tenant::bigint, parent_id::bigint, note FROM shop.orders
   UNION ALL SELECT 'lines', order_id::bigint, no, amount, NULL FROM shop.lines
   UNION ALL SELECT 'invoices', number, order_id::bigint, 0, NULL FROM shop.invoices
   UNION ALL SELECT 'remarks', id, order_id::bigint, 0, text FROM shop.remarks
   UNION ALL SELECT 'shipments', id, tenant, order_id::bigint, NULL FROM shop.shipments)
  EXCEPT ALL
  (SELECT 'orders', id, tenant::bigint, parent_id, note FROM twin.orders
   UNION ALL SELECT 'lines', order_id, no, amount, NULL FROM twin.lines
   UNION ALL SELECT 'invoices', number, order_id, 0, NULL FROM twin.invoices
   UNION ALL SELECT 'remarks', id, order_id, 0, text FROM twin.remarks
   UNION ALL SELECT 'shipments', id, tenant, order_id, NULL FROM twin.shipments)) AS one
UNION ALL
SELECT count(*) FROM (
  (SELECT 'orders', id, tenant::bigint, parent_id, note FROM twin.orders
   UNION ALL SELECT 'lines', order_id, no, amount, NULL FROM twin.lines
   UNION ALL SELECT 'invoices', number, order_id, 0, NULL FROM twin.invoices
   UNION ALL SELECT 'remarks', id, order_id, 0, text FROM twin.remarks
   UNION ALL SELECT 'shipments', id, tenant, order_id, NULL FROM twin.shipments)
  EXCEPT ALL
  (SELECT 'orders', id::bigint, tenant::bigint, parent_id::bigint, note FROM shop.orders
   UNION ALL SELECT 'lines', order_id::bigint, no, amount, NULL FROM shop.lines
   UNION ALL SELECT 'invoices', number, order_id::bigint, 0, NULL FROM shop.invoices
   UNION ALL SELECT 'remarks', id, order_id::bigint, 0, text FROM shop.remarks
   UNION ALL SELECT 'shipments', id, tenant, order_id::bigint, NULL FROM shop.shipments)) AS other) AS both_ways;
