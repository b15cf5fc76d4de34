SELECT count(*) = 50000 AS every_row_is_set FROM orders WHERE cents = round(amount * 100);
