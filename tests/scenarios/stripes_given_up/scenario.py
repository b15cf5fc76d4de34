"""While somebody's snapshot sees what the job replaces, stripes gain nothing: the run measures that, goes on
without them and says who it is. Its twin without such a snapshot keeps them."""

from harness import exactly_once

HOLDS = ("SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'holder' "
         "AND backend_xmin IS NOT NULL")


def play(s):
    s.backfill("plan", "job.yaml").says("striped keyset")
    holder = s.program("psql", "-X", "-q", s.url + "?application_name=holder", "-c",
                       "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM counted; "
                       "SELECT pg_sleep(300)")
    s.wait_until(HOLDS, holder)
    s.sql("DO $$ BEGIN FOR i IN 1..200 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
    s.backfill("run", "job.yaml").says("stripes_off: 0 % of the rows of first visits",
                                       "each range is visited once", "application holder",
                                       "holds VACUUM back by")
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'")
    s.backfill("run", "twin.yaml").says("stripes: ").never_says("stripes_off")
    s.check()
    exactly_once.check(s, "id")
