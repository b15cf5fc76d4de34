\set i 2 * random(1, 3500) + :client_id
BEGIN;
UPDATE shop.orders SET id = id + 20000 WHERE id = :i AND NOT EXISTS (SELECT FROM shop.orders AS o WHERE o.id = :i + 20000);
UPDATE twin.orders SET id = id + 20000 WHERE id = :i AND NOT EXISTS (SELECT FROM twin.orders AS o WHERE o.id = :i + 20000);
COMMIT;
