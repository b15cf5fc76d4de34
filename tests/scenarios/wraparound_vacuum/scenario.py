"""Autovacuum works on the job's table to prevent wraparound: the job slows down, or stops where that is
set, and goes on at full speed when the vacuum is done."""

from harness import exactly_once
from harness.reaction import goes_on, limited, stands_still, told

WORKER = ("FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE "
          "'autovacuum: VACUUM%public.counted (to prevent wraparound)'")


def hurry(s):
    """Lets the vacuum begin anew without its rests. The change waits for the one that works."""
    change = s.session("ALTER TABLE counted SET (autovacuum_vacuum_cost_delay = 0)")
    s.wait_until("SELECT count(*) = 1 FROM pg_locks WHERE relation = 'counted'::regclass "
                 "AND NOT granted AND mode = 'ShareUpdateExclusiveLock'", change)
    s.sql(f"SELECT pg_terminate_backend(pid) {WORKER}")
    change.wait(expect=0)


def play(s):
    s.sql("ALTER SYSTEM SET autovacuum_naptime = '1s'")
    s.sql("SELECT pg_reload_conf()")
    try:
        s.wait_until(f"SELECT count(*) > 0 {WORKER}")
        run = s.start("run", "job.yaml")
        # Where the machine is fast, rows_per_second may leave even less than that.
        s.wait_until("SELECT to_regclass('backfill.events') IS NOT NULL", run)
        s.wait_until(told("autovacuum works on counted to prevent wraparound (pid "), run)
        goes_on(s, run)
        s.backfill("set", "wraparound_vacuum", "throttle.wraparound_vacuum=stop")
        limited(s, run, "stopped: autovacuum works on counted to prevent wraparound")
        stands_still(s)
        s.expect(f"SELECT count(*) = 1 {WORKER}")
        hurry(s)
        goes_on(s, run)
        s.backfill("set", "wraparound_vacuum", "pace.rows_per_second=null")
        run.wait(expect=0).says("time lost to wraparound_vacuum")
        exactly_once.check(s, "id")
    finally:
        s.sql("ALTER SYSTEM RESET autovacuum_naptime")
        s.sql("SELECT pg_reload_conf()")
