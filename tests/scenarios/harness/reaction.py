"""How a job reacts to what happens around it: what it says limits it, that nothing starts, and that
it goes on."""

import os
import subprocess
import time

from harness import exactly_once
from harness.scenario import Failure


def limited(s, run, by):
    """Waits until the running job says that this limits it (a pattern of LIKE between two %)."""
    s.wait_until("SELECT to_regclass('backfill.status') IS NOT NULL", run)
    if not s.wait_until("SELECT held AND progress ->> 'limited_by' LIKE '%" + by + "%' "
                        "FROM backfill.status", run):
        raise Failure(f"{run.name} ended before it was limited by {by!r}")


def told(words):
    """A query: has the job written down an event with these words?"""
    return ("SELECT count(*) > 0 FROM backfill.events WHERE detail ->> 'text' LIKE "
            f"'%{words}%'")


def stands_still(s):
    """Once the batches in flight have ended, no row changes any more; gives how many have."""
    time.sleep(1.0)
    before = exactly_once.rows_done(s)
    time.sleep(1.0)
    after = exactly_once.rows_done(s)
    if before != after:
        raise Failure(f"rows went on changing: {before} became {after}")
    return after


def goes_on(s, run):
    exactly_once.wait_for_progress(s, run, exactly_once.rows_done(s), exactly_once.rows_done)
    if run.ended and run.code != 0:
        raise Failure(f"{run.name} ended with {run.code} instead of going on")


class Session:
    """A session of an application that does something and then sits there, until `end`."""

    def __init__(self, s, text, application, url=None):
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url or s.url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PGAPPNAME": application})
        self.process.stdin.write("SELECT pg_backend_pid();\n" + text + "\n")
        self.process.stdin.flush()
        self.pid = int(self.process.stdout.readline())
        s.wait_until(f"SELECT state LIKE 'idle%' FROM pg_stat_activity WHERE pid = {self.pid}")

    def end(self, text=""):
        """Sends a last word and leaves; harmless when it is repeated."""
        if self.process.poll() is None:
            self.process.communicate(text, timeout=30)


def of_standby(s, text):
    """The standby's answer, in the scenario's database."""
    return s.sql(text, s.server.url(s.database, role="standby"))


def standby_has_all(s):
    """Waits until the standby shows each row as the primary does."""
    wanted = s.sql("SELECT count(*), sum(n) FROM counted")
    deadline = time.monotonic() + 60
    while of_standby(s, "SELECT count(*), sum(n) FROM counted") != wanted:
        if time.monotonic() > deadline:
            raise Failure("the standby does not catch up")
        time.sleep(0.1)


def set_on_standby(s, setting, value):
    """Changes a setting of the standby (None: back to what it was) and waits until it holds."""
    url = s.server.url("postgres", role="standby")
    change = f"ALTER SYSTEM RESET {setting}" if value is None else \
        f"ALTER SYSTEM SET {setting} TO '{value}'"
    loaded = s.sql("SELECT pg_conf_load_time()", url)
    s.sql(change, url)
    s.sql("SELECT pg_reload_conf()", url)
    deadline = time.monotonic() + 30
    while s.sql("SELECT pg_conf_load_time()", url) == loaded:
        if time.monotonic() > deadline:
            raise Failure(f"the standby does not take over {setting}")
        time.sleep(0.02)
