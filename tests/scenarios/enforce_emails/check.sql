SELECT attnotnull AS the_column_is_not_null FROM pg_attribute
  WHERE attrelid = 'users'::regclass AND attname = 'email_normalized';
SELECT count(*) = 1 AS it_is_unique_under_the_servers_own_name FROM pg_constraint
  WHERE conrelid = 'users'::regclass AND contype = 'u' AND conname = 'users_email_normalized_key';
SELECT count(*) = 1 AND bool_and(convalidated) AS one_check_stays_and_is_valid FROM pg_constraint
  WHERE conrelid = 'users'::regclass AND contype = 'c';
SELECT count(*) = 3 AND bool_and(indisvalid) AS every_index_is_valid FROM pg_index
  WHERE indrelid = 'users'::regclass;
SELECT pg_get_expr(adbin, adrelid) = '''new''::text' AS new_rows_have_the_default FROM pg_attrdef
  WHERE adrelid = 'users'::regclass AND adnum = 4;
