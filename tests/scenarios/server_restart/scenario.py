"""The server is restarted, then crashes; the run goes on by itself, each row once."""

from harness import exactly_once


def play(s):
    run = s.start("run", "job.yaml")
    for mode in ("fast", "immediate"):
        reached = exactly_once.rows_done(s)
        exactly_once.wait_for_progress(s, run, reached, exactly_once.rows_done)
        s.server.restart(mode)
    run.wait(expect=0)
    exactly_once.check(s, "id")
