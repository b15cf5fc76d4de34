"""One runner for one job: a second one is told who owns it, and the first is not disturbed."""

import socket

from harness import exactly_once


def play(s):
    first = s.start("run", "job.yaml")
    exactly_once.wait_for_progress(s, first, 0, exactly_once.rows_done)
    second = s.backfill("run", "job.yaml", expect=6, timeout=30)
    second.says(socket.gethostname(), str(first.process.pid), "since")
    first.wait(expect=0)
    exactly_once.check(s, "id")
