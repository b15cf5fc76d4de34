SELECT count(*) = 8002 AS every_row_is_set FROM sparse WHERE b = a + 1;
