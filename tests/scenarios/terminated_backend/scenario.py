"""An administrator terminates the job's sessions again and again; the run goes on by itself."""

import time

from harness import exactly_once
from harness.scenario import Failure

TERMINATE = ("SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity "
             "WHERE datname = current_database() AND application_name LIKE 'backfill%'")


def play(s):
    run = s.start("run", "job.yaml")
    terminated = 0
    for _ in range(6):
        reached = exactly_once.rows_done(s)
        exactly_once.wait_for_progress(s, run, reached, exactly_once.rows_done)
        time.sleep(s.rng.uniform(0.0, 0.3))
        terminated += int(s.sql(TERMINATE))
    if terminated < 6:
        raise Failure(f"only {terminated} sessions were terminated: this run proves little")
    run.wait(expect=0)
    exactly_once.check(s, "id")
