SELECT format_type(atttypid, atttypmod) = 'bigint' AS the_column_has_switched
FROM pg_attribute WHERE attrelid = 'readings'::regclass AND attname = 'value';
SELECT count(*) = 0 AS what_was_in_the_way_is_undone FROM readings WHERE value < 0;
SELECT count(*) = 1 AS who_was_terminated_is_kept FROM backfill.events
WHERE kind = 'command' AND reason = 'session_terminated'
  AND detail ->> 'text' ~ '^terminated session [0-9]+ \(user [^,]+, application sleeper, idle in transaction';
