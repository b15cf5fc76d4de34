\set i 2 * random(1, 3500) + :client_id
\set p 2 * random(1, 2000) + :client_id
BEGIN;
INSERT INTO shop.orders (id, tenant, parent_id, note) SELECT :i, :i % 7, (SELECT id FROM shop.orders WHERE id = :p AND id <> :i), 'new' ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, note = 'again';
INSERT INTO twin.orders (id, tenant, parent_id, note) SELECT :i, :i % 7, (SELECT id FROM twin.orders WHERE id = :p AND id <> :i), 'new' ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, note = 'again';
INSERT INTO shop.lines (order_id, no, amount) VALUES (:i, 3, :p) ON CONFLICT (order_id, no) DO UPDATE SET amount = excluded.amount;
INSERT INTO twin.lines (order_id, no, amount) VALUES (:i, 3, :p) ON CONFLICT (order_id, no) DO UPDATE SET amount = excluded.amount;
INSERT INTO shop.invoices (number, order_id) VALUES (200000 + :i, :i) ON CONFLICT DO NOTHING;
INSERT INTO twin.invoices (number, order_id) VALUES (200000 + :i, :i) ON CONFLICT DO NOTHING;
INSERT INTO shop.shipments (id, tenant, order_id) SELECT 10000 + :i, tenant, id FROM shop.orders WHERE id = :i ON CONFLICT DO NOTHING;
INSERT INTO twin.shipments (id, tenant, order_id) SELECT 10000 + :i, tenant, id FROM twin.orders WHERE id = :i ON CONFLICT DO NOTHING;
COMMIT;
