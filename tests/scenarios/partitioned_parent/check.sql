SELECT count(*) = 0 AS every_row_is_set FROM measurements
  WHERE kelvin IS DISTINCT FROM celsius + 273.15;
SELECT count(*) > 20000 AS the_rows_are_there FROM measurements;
SELECT count(DISTINCT tableoid) = 4 AS several_partitions_hold_rows FROM measurements;
