SELECT count(*) = 9000 AS all_normalized FROM people WHERE email_normalized = lower(email);
SELECT attnotnull AS not_null FROM pg_attribute
  WHERE attrelid = 'people'::regclass AND attname = 'email_normalized';
SELECT count(*) = 4 AS all_constraints FROM pg_constraint
  WHERE conrelid = 'people'::regclass AND convalidated AND contype IN ('p', 'u', 'c', 'f');
SELECT count(*) = 0 AS no_orphans FROM people WHERE plan_id NOT IN (SELECT id FROM plans);
SELECT format_type(atttypid, atttypmod) = 'double precision' AS new_type FROM pg_attribute
  WHERE attrelid = 'readings'::regclass AND attname = 'value';
SELECT count(*) = 7000 AS all_copied FROM readings WHERE value = id / 4.0;
SELECT count(*) > 0 AS still_indexed FROM pg_index
  WHERE indrelid = 'readings'::regclass AND indisvalid AND NOT indisprimary;
SELECT col_description('readings'::regclass, (SELECT attnum FROM pg_attribute WHERE
  attrelid = 'readings'::regclass AND attname = 'value')) = 'what the sensor said' AS comment_kept;
SELECT to_regclass('backfill.jobs') IS NULL AS no_control_tables;
