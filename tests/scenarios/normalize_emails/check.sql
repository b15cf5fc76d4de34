SELECT count(*) = 60000 AS no_row_is_lost FROM users;
SELECT count(*) = 0 AS every_row_is_normalized FROM users
  WHERE email_normalized IS DISTINCT FROM lower(trim(email));
SELECT count(*) = 1200 AS rows_without_an_email_stay_null FROM users WHERE email_normalized IS NULL;
SELECT count(*) = 0 AS nothing_else_changed FROM users WHERE name <> 'user ' || id;
