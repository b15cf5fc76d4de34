"""Killed at any moment of `enforce`, again and again, the catalog becomes the same."""

import time

from harness.scenario import Failure

ENFORCING = ("SELECT to_regclass('backfill.jobs') IS NOT NULL AND EXISTS (SELECT FROM "
             "pg_stat_activity WHERE datname = current_database() AND application_name = "
             "'backfill: enforce_kill_nine' AND query ~* '^(alter|create|drop|delete)')")


def play(s):
    killed = 0
    for kill in range(12):
        run = s.start("run", "job.yaml")
        if not s.wait_until(ENFORCING, run, pause=0.005):
            run.wait(expect=0)
            break
        time.sleep(s.rng.uniform(0.0, 0.15))
        run.kill_nine()
        killed += 1
    if killed < 3:
        raise Failure(f"only {killed} kills came in time")
    s.backfill("run", "job.yaml")
    s.check()
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
    run.wait(expect=5).says("waiting for session", "backfill run")
    s.expect("SELECT count(*) = 1 FROM pg_index WHERE indrelid = 'accounts'::regclass")
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
          "'pgbench' AND datname = current_database()")
    s.backfill("run", "job.yaml")
    s.check()
