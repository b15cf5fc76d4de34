SELECT count(*) = 7 AS every_column_has_the_new_type FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relnamespace = 'shop'::regnamespace
AND c.relkind = 'r' AND (a.attname IN ('parent_id', 'order_id') OR c.relname || a.attname = 'ordersid')
AND a.atttypid = CASE WHEN c.relname = 'aside' THEN 'integer'::regtype ELSE 'bigint'::regtype END;
SELECT bool_and(convalidated) AS every_foreign_key_is_valid FROM pg_constraint WHERE contype = 'f';
