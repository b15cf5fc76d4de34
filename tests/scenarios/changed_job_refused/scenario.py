"""What a started job does is pinned: a changed expression is refused with a diff, a changed pace is
not."""

import signal

from harness import exactly_once


def play(s):
    run = s.start("run", "job.yaml")
    exactly_once.wait_for_progress(s, run, 0, exactly_once.rows_done)
    run.signal(signal.SIGINT)
    run.wait(expect=5, timeout=30)
    before = s.sql("SELECT sum(n) FROM counted")
    s.backfill("run", "changed.yaml", expect=3).says("n + 1", "n + 2")
    s.expect(f"SELECT sum(n) = {before} FROM counted")
    s.backfill("run", "faster.yaml")
    exactly_once.check(s, "id")
    s.backfill("run", "changed.yaml", expect=3).says("n + 1", "n + 2")
    exactly_once.check(s, "id")
