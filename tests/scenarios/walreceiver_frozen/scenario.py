"""The standby's WAL receiver is frozen: it is connected and says nothing. The job stops, says that it
has stopped answering, and goes on when it is thawed."""

import os
import signal

from harness import exactly_once
from harness.reaction import goes_on, limited, of_standby, standby_has_all, stands_still


def play(s):
    receiver = int(of_standby(s, "SELECT pid FROM pg_stat_wal_receiver"))
    run = s.start("run", "job.yaml")
    exactly_once.wait_for_progress(s, run, 0, exactly_once.rows_done)
    os.kill(receiver, signal.SIGSTOP)
    try:
        limited(s, run, "stopped: lag of standby1 % it has stopped answering")
        stands_still(s)
        s.expect("SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'")
    finally:
        os.kill(receiver, signal.SIGCONT)
    goes_on(s, run)
    run.wait(expect=0).says("it has stopped answering: is its WAL receiver stuck?")
    exactly_once.check(s, "id")
    standby_has_all(s)
