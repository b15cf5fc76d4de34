"""Killed at any moment of `enforce`, again and again, the catalog becomes the same."""

import time

from harness.scenario import Failure

ENFORCING = ("SELECT to_regclass('backfill.jobs') IS NOT NULL AND EXISTS (SELECT FROM "
             "pg_stat_activity WHERE datname = current_database() AND application_name = "
             "'backfill: enforce_kill_nine' AND query ~* '^(alter|create|drop|delete)')")

# Each statement takes a while before and after its work, so that kills find it at both places.
SLOW = ("CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN "
        "IF current_query() ~ 'accounts|by_plan' THEN PERFORM pg_catalog.pg_sleep(0.15); END IF; "
        "END$$;"
        "CREATE EVENT TRIGGER slow_start ON ddl_command_start EXECUTE FUNCTION slow();"
        "CREATE EVENT TRIGGER slow_end ON ddl_command_end WHEN TAG IN ('ALTER TABLE') "
        "EXECUTE FUNCTION slow()")
FAST = "DROP EVENT TRIGGER slow_start; DROP EVENT TRIGGER slow_end"


def play(s):
    s.sql(SLOW)
    killed = 0
    for _ in range(8):
        run = s.start("run", "job.yaml")
        if not s.wait_until(ENFORCING, run, pause=0.005):
            run.wait(expect=0)
            break
        time.sleep(s.rng.uniform(0.0, 0.9))
        run.kill_nine()
        killed += 1
    if killed < 3:
        raise Failure(f"only {killed} kills came in time")
    s.backfill("run", "job.yaml")
    s.check()
    s.sql(FAST)
    stopped(s)


def stopped(s):
    """An interrupt during a build takes the unfinished index away and can be gone on from."""
    s.backfill("rollback", "job.yaml", "--yes")
    s.sql("CREATE TABLE other (n int)")
    s.writer("-n", "-c", "1", "-t", "1", "-f", s.folder / "hold.sql")
    run = s.start("run", "job.yaml")
    s.wait_until("SELECT count(*) > 0 FROM pg_stat_progress_create_index WHERE phase LIKE "
                 "'waiting for old%' OR phase LIKE 'waiting for writers%'", run)
    s.backfill("status", "job.yaml").says("enforce")
    run.signal(2)
    run.wait(expect=5).says("removed the unfinished index", "backfill run")
    s.expect("SELECT count(*) = 1 FROM pg_index WHERE indrelid = 'accounts'::regclass")
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
          "'pgbench' AND datname = current_database()")
    s.backfill("run", "job.yaml")
    s.check()
