"""SIGINT drains and ends with 5, SIGTERM and a second SIGINT too; the same command goes on."""

import signal

from harness import exactly_once


def stopped_by(s, first, second=None):
    """A run that has gone on a little and is then asked to stop."""
    reached = exactly_once.rows_done(s)
    run = s.start("run", "job.yaml")
    exactly_once.wait_for_progress(s, run, reached, exactly_once.rows_done)
    run.signal(first)
    if second is not None:
        run.signal(second)
    run.wait(expect=5, timeout=30).says("backfill run")


def play(s):
    stopped_by(s, signal.SIGINT)
    s.backfill("gate", "interrupt_and_resume", expect=7)
    stopped_by(s, signal.SIGTERM)
    stopped_by(s, signal.SIGINT, signal.SIGINT)
    s.expect("SELECT count(*) > 0 FROM counted WHERE n % 10 = 0")
    s.backfill("run", "job.yaml")
    exactly_once.check(s, "id")
    s.backfill("run", "job.yaml").says("already")
    exactly_once.check(s, "id")
    s.backfill("gate", "interrupt_and_resume")
