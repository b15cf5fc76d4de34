SELECT count(*) = 1 AND min(parsed) = 42 AS the_row_is_set FROM settings;
