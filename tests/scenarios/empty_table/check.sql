SELECT count(*) = 0 AS the_table_is_still_empty FROM nothing;
SELECT count(*) = 1 AS the_job_is_recorded FROM backfill.jobs;
