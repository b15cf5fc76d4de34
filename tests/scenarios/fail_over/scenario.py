"""The primary dies and its standby is promoted: a run with both hosts in its URL goes on there. What the
dead server had committed and not sent is lost with its checkpoints, so each row is changed once."""

import os
import re
import signal
import urllib.parse

from harness import exactly_once
from harness.scenario import Failure
from harness.server import Server

TABLES = """
CREATE TABLE public.counted (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0);
INSERT INTO public.counted (n) SELECT i % 5 * 10 FROM generate_series(1, 60000) AS i;
CREATE TABLE public.counted_before AS SELECT id, n FROM public.counted;
ALTER TABLE public.counted_before ADD PRIMARY KEY (id);
ANALYZE;
"""


def play(s):
    own = Server(s.work / "servers")
    usual = s.url
    try:
        s.url = own.url("demo")
        s.sql(TABLES)
        s.wait_until("SELECT count(*) = 1 FROM pg_stat_replication "
                     "WHERE replay_lsn = pg_current_wal_lsn()")
        both = hosts(own)
        run = s.start("run", "job.yaml", url=both)
        exactly_once.wait_for_progress(s, run, 2000, exactly_once.rows_done)
        die(own)
        s.url = own.url("demo", "standby")
        if exactly_once.rows_done(s) == 60000:
            raise Failure("the job was done before the primary died")
        s.sql("SELECT pg_promote()")
        run.wait(expect=0)
        run.says("connection_lost")
        exactly_once.check(s, "id")
        # A crash may lose the count of a batch whose rows arrived; never the reverse.
        s.expect("SELECT rows_changed BETWEEN 50000 AND 60000 AND state = 'done' "
                 "FROM backfill.status")
        s.backfill("gate", "fail_over", url=both)
        if own.password in run.output:
            raise Failure("the password is shown")
    finally:
        s.url = usual
        own.remove()


def hosts(own):
    primary = urllib.parse.urlsplit(own.url("demo"))
    standby = urllib.parse.urlsplit(own.url("demo", "standby"))
    return (f"postgresql://{primary.username}:{primary.password}@{primary.hostname}:{primary.port},"
            f"{standby.hostname}:{standby.port}/demo?target_session_attrs=read-write")


def die(own):
    """As by a power cut: no word to anybody."""
    pid = re.search(r"^primary .*, pid (\d+)$", own.status(), re.M)
    if pid is None:
        raise Failure(f"the sandbox does not tell the primary's pid:\n{own.status()}")
    os.kill(int(pid.group(1)), signal.SIGQUIT)
