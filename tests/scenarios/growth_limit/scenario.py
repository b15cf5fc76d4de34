"""`safety.max_growth` ends a run before the table has grown beyond it, measured against the first start of
the job, and says who keeps VACUUM from helping. After a VACUUM by hand the next run goes on."""

from harness import exactly_once
from harness.scenario import Failure

HOLDS = ("SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'holder' "
         "AND backend_xmin IS NOT NULL")


def growth(s):
    return float(s.sql("SELECT pg_total_relation_size('public.counted')::float8 / bytes "
                       "FROM public.first_size"))


def stops(s, *words):
    """The run ends within the limit; gives how many rows are done."""
    s.backfill("run", "job.yaml", expect=5).says("larger than when the job began with it", *words)
    if growth(s) > 1.3:
        raise Failure(f"the table has grown to {growth(s):.3f} of its size")
    return exactly_once.rows_done(s)


def play(s):
    s.backfill("plan", "job.yaml").says("30 % larger", "ANALYZE")
    first = stops(s, "beyond the 30 %", "VACUUM")
    if growth(s) < 1.15 or first < 15000:
        raise Failure(f"stopped at {growth(s):.3f} of the size and {first} rows: too early")
    s.expect("SELECT bytes = (SELECT bytes FROM public.first_size) FROM backfill.table_starts")

    # Against the first start: a run that begins again has hardly any room.
    again = stops(s)
    if again > first + 7500:
        raise Failure(f"{again - first} more rows at a limit that was reached")

    # A snapshot that is older than all of it: named, and a VACUUM does not help.
    holder = s.program("psql", "-X", "-q", s.url + "?application_name=holder", "-c",
                       "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM counted; "
                       "SELECT pg_sleep(300)")
    s.wait_until(HOLDS, holder)
    s.sql("DO $$ BEGIN FOR i IN 1..200 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
    held = stops(s, "(user ", "application holder", "holds VACUUM back by", "end it first")
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'")
    s.wait_until("SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'holder'")

    s.sql("VACUUM public.counted")
    after = stops(s)
    # The heap has room for as many rows again; the key's index still grows with each.
    if after < held + 4000:
        raise Failure(f"only {after} rows after a VACUUM, {held} before it")

    s.backfill("set", "growth_limit", "safety.max_growth=none")
    s.backfill("run", "job.yaml").says("when the job began with it", "VACUUM")
    s.check()
    exactly_once.check(s, "id")
