SELECT count(*) = 20000 AS every_row_is_set FROM accounts WHERE seen = char_length(login);
