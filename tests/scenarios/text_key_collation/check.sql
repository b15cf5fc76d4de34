SELECT count(*) = 14400 AS no_row_is_lost FROM words;
SELECT count(*) = 0 AS every_row_is_set FROM words
  WHERE length IS DISTINCT FROM char_length(country || word || suffix);
