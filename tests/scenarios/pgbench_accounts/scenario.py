"""Two million accounts under pgbench's own transactions; the job is killed three times."""

import time

from harness import exactly_once
from harness.scenario import Failure, Run


def labelled(s):
    if not s.holds("SELECT count(*) = 1 FROM pg_attribute WHERE attname = 'label' "
                   "AND attrelid = 'pgbench_accounts'::regclass"):
        return 0
    return int(s.sql("SELECT count(label) FROM pgbench_accounts"))


def play(s):
    Run(s, "00-pgbench-init", [f"{s.server.bindir}/pgbench", "-i", "-q", "-s", "20", s.url]).wait(0)
    writer = s.writer("-n", "-c", "2", "-R", "200", "-T", "800")
    s.wait_until("SELECT count(*) > 0 FROM pgbench_history")
    for _ in range(3):
        reached = labelled(s)
        run = s.start("run", "job.yaml")
        exactly_once.wait_for_progress(s, run, reached, labelled)
        time.sleep(s.rng.uniform(0.0, 0.5))
        if run.ended:
            raise Failure(f"{run.name} ended before it could be killed")
        run.kill_nine()
    s.expect("SELECT count(*) > 0 FROM pgbench_accounts WHERE label IS NULL")
    s.backfill("run", "job.yaml", timeout=600)
    s.stop_writer(writer)
    s.check()
    s.backfill("verify", "job.yaml")
    s.backfill("run", "job.yaml").says("already")
