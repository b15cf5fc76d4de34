"""kill -9 while the job's VACUUM runs; a session that waits for the VACUUM's lock; an interrupt. The VACUUM goes,
and every row is done once."""

from harness import exactly_once

OURS = ("FROM pg_stat_progress_vacuum AS v JOIN pg_stat_activity AS a USING (pid) WHERE a.datname = "
        "current_database() AND a.application_name = 'backfill: vacuum_kill_nine'")
VACUUMING = f"SELECT count(*) = 1 {OURS}"


def play(s):
    for _ in range(3):
        run = s.start("run", "job.yaml")
        s.wait_until(VACUUMING, run)
        run.kill_nine()
        # Its server process ends by itself, long before it would be done.
        s.wait_until(f"SELECT count(*) = 0 {OURS}")

    run = s.start("run", "job.yaml")
    s.wait_until(VACUUMING, run)
    s.sql("SET lock_timeout = '20s'; ALTER TABLE counted ALTER filler SET STATISTICS 50")
    run.wait_until_it_says("waits for the lock of a VACUUM")
    s.wait_until(VACUUMING, run)
    run.signal(2)
    run.wait(expect=5)
    s.wait_until(f"SELECT count(*) = 0 {OURS}", timeout=10)

    s.sql(f"ALTER DATABASE {s.database} RESET ALL")
    s.backfill("run", "job.yaml")
    s.check()
    exactly_once.check(s, "id")
