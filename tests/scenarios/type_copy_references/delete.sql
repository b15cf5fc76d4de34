\set i 2 * random(1, 3500) + :client_id
BEGIN;
DELETE FROM shop.orders WHERE id = :i;
DELETE FROM twin.orders WHERE id = :i;
COMMIT;
