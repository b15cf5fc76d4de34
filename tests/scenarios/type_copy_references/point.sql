\set i 2 * random(1, 2000) + :client_id
\set p 2 * random(1, 3500) + :client_id
BEGIN;
UPDATE shop.remarks SET order_id = (SELECT order_id FROM shop.invoices WHERE order_id = :p) WHERE id = :i;
UPDATE twin.remarks SET order_id = (SELECT order_id FROM twin.invoices WHERE order_id = :p) WHERE id = :i;
UPDATE shop.orders SET parent_id = NULL WHERE id = :p;
UPDATE twin.orders SET parent_id = NULL WHERE id = :p;
COMMIT;
