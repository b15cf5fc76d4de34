SELECT count(*) = 50002 AS every_row_is_set FROM sessions
  WHERE day = (started AT TIME ZONE 'UTC')::date;
