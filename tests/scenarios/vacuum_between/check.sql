SELECT count(*) = 200000 AS every_row_is_done FROM public.counted WHERE n = 1;
SELECT count(*) = 200000 AS every_row_of_the_twin_is_done FROM public.twin WHERE n = 1;
SELECT count(*) >= 3 AS it_was_vacuumed_several_times FROM backfill.events AS e
  JOIN backfill.jobs AS j ON j.id = e.job_id WHERE e.reason = 'vacuum_done' AND j.name = 'vacuum_between';
SELECT count(*) = 0 AS the_twin_was_not FROM backfill.events AS e
  JOIN backfill.jobs AS j ON j.id = e.job_id WHERE e.reason LIKE 'vacuum%' AND j.name = 'vacuum_never';
SELECT count(*) = 1 AS statistics_are_new FROM pg_stats
  WHERE tablename = 'counted' AND attname = 'n' AND most_common_vals::text = '{1}';
SELECT count(*) = 1 AS those_of_the_twin_are_old FROM pg_stats
  WHERE tablename = 'twin' AND attname = 'n' AND most_common_vals::text = '{0}';
