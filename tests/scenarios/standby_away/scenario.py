"""A standby that leaves holds the job until it is back; pg_receivewal, which replays nothing, comes
and goes as it likes; a slot that nobody uses is named with what it keeps."""

import pathlib
import signal
import tempfile

from harness import exactly_once
from harness.reaction import told


def play(s):
    standby = s.server.url("postgres", role="standby")
    s.sql("SELECT pg_create_physical_replication_slot('left_over', true)")
    with tempfile.TemporaryDirectory() as wal:
        receiver = s.program(pathlib.Path(s.server.bindir) / "pg_receivewal", "-D", wal, "-d", s.url)
        s.wait_until("SELECT count(*) = 1 FROM pg_stat_replication WHERE application_name = "
                     "'pg_receivewal' AND state = 'streaming'", receiver)
        try:
            run = s.start("run", "job.yaml")
            exactly_once.wait_for_progress(s, run, 0, exactly_once.rows_done)
            receiver.signal(signal.SIGINT)
            receiver.process.wait(30)
            # The configuration file keeps where the primary is: RESET goes back to it.
            s.sql("ALTER SYSTEM SET primary_conninfo TO ''", standby)
            s.sql("SELECT pg_reload_conf()", standby)
            s.wait_until(told("standby standby1 has disconnected"), run)
        finally:
            s.sql("ALTER SYSTEM RESET primary_conninfo", standby)
            s.sql("SELECT pg_reload_conf()", standby)
            s.sql("SELECT pg_drop_replication_slot('left_over')")
        run.wait(expect=0)
    exactly_once.check(s, "id")
    s.expect(told("watching the lag of standby1"))
    s.expect(told("replication slot left_over"))
    s.expect("SELECT count(*) = 0 FROM backfill.events WHERE detail ->> 'text' LIKE "
             "'%pg_receivewal%'")
