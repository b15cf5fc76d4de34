SELECT count(*) = 300000 AS every_row_is_done FROM public.counted WHERE n = 1;
SELECT count(*) = 300000 AS every_row_of_the_twin_is_done FROM public.twin WHERE n = 1;
SELECT count(*) FILTER (WHERE stripes = 1) > 1 AND count(*) FILTER (WHERE stripes = 4) > 0 AS later_ranges_are_plain
  FROM backfill.ranges AS r JOIN backfill.jobs AS j ON j.id = r.job_id WHERE j.name = 'stripes_given_up' AND r.phase = 'copy';
SELECT count(*) FILTER (WHERE stripes = 1) <= 1 AS those_of_the_twin_are_striped
  FROM backfill.ranges AS r JOIN backfill.jobs AS j ON j.id = r.job_id WHERE j.name = 'stripes_kept' AND r.phase = 'copy';
