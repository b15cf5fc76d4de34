"""Replay is paused on the standby: the job slows, stops with the standby's name, stands still, and goes
on by itself when replay is resumed."""

from harness import exactly_once
from harness.reaction import goes_on, limited, of_standby, standby_has_all, stands_still, told
from harness.scenario import Failure


def play(s):
    run = s.start("run", "job.yaml")
    exactly_once.wait_for_progress(s, run, 0, exactly_once.rows_done)
    of_standby(s, "SELECT pg_wal_replay_pause()")
    try:
        limited(s, run, "stopped: lag of standby1")
        done = stands_still(s)
        seen = int(of_standby(s, "SELECT count(*) FROM counted WHERE n % 10 = 1"))
        if not seen < done:
            raise Failure(f"the standby shows {seen} of {done} rows: it was not paused")
    finally:
        of_standby(s, "SELECT pg_wal_replay_resume()")
    goes_on(s, run)
    run.wait(expect=0).says("lag of standby1", "time lost to replica_lag:standby1")
    run.never_says("stopped answering")
    exactly_once.check(s, "id")
    standby_has_all(s)
    s.expect(told("lag of standby1 % of 1.0 s"))
    s.expect("SELECT count(*) > 0 FROM backfill.events WHERE kind = 'throttle' AND reason = 'stopped'")
