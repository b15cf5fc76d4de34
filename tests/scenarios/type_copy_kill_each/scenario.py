"""kill -9 after every statement of every phase of a type-copy, beside a live writer. A proxy that
reads the protocol finds the statements, so that none is left to chance: a command is given again
until no writing statement is left at which it was not killed. The catalog, by pg_dump, is then that of a table made with the new type (that of before, after
a rollback), and the rows are those of a twin table that had the same writes.
"""

import re
import subprocess
import urllib.parse

from harness.cut import AFTER, PASS, CuttingProxy
from harness.scenario import Failure

STARTS_MAX = 600  # of one command
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|LOCK|COMMIT|DO|ANALYZE|COMMENT|"
                    r"GRANT)\b|.*\b(INSERT INTO|UPDATE) backfill\.|SELECT backfill\.|"
                    r".*FROM backfill\.\w+\(", re.DOTALL)
PHASES = re.compile(r"phase_started: (\w+)")


class Killer:
    """Kills each run after the first writing statement at which no run was killed yet.

    A statement is known by its text, with numbers left out, and by the one before it in its
    connection: a COMMIT after another statement is another one. The server gets it, and nothing
    after it; so each boundary between two statements is met, those of transactions, too."""

    def __init__(self, s):
        parts = urllib.parse.urlsplit(s.url)
        self._s = s
        self.proxy = CuttingProxy(parts.hostname, parts.port, self._judge)
        self.url = parts._replace(netloc=parts.netloc.replace(
            f":{parts.port}", f":{self.proxy.port}")).geturl()
        self._met = set()
        self._latest = {}
        self._has_lease = False
        self.phases = set()

    def _judge(self, text, frontend):
        """What comes before the lease is there changes nothing but the control schema."""
        self._has_lease = self._has_lease or "backfill.acquire_lease" in text
        if not self._has_lease or not WRITES.match(text):
            return PASS
        text = re.sub(r"\d+", "#", text)
        place = (self._latest.get(frontend, ""), text)
        self._latest[frontend] = text
        if place in self._met:
            return PASS
        self._met.add(place)
        return AFTER

    def until_done(self, *arguments):
        """Gives how many starts were killed."""
        self._met = set()
        for killed in range(STARTS_MAX):
            self._latest = {}
            self._has_lease = False
            self.proxy.cut = False
            run = self._s.start(*arguments, url=self.url)
            self.proxy.begin(run.process.kill)
            run.process.wait(120)
            self.proxy.end_all()
            self.phases |= set(PHASES.findall(run.stderr))
            if not self.proxy.cut:
                run.wait(expect=0)
                return killed
            self._s.runs.remove(run)  # of thousands of outputs only the last ones help anybody
        raise Failure(f"{arguments} did not end:\n{self._met}")


def same_as_twin(s):
    s.expect("SELECT count(*) = 0 FROM ((SELECT id, value::bigint, note FROM measured EXCEPT ALL "
             "SELECT id, value, note FROM twin) UNION ALL (SELECT id, value, note FROM twin "
             "EXCEPT ALL SELECT id, value, note FROM measured)) AS different")


def dump(s, url):
    """The lines of the tables' dump; the place of a column in its table does not count."""
    done = subprocess.run([f"{s.server.bindir}/pg_dump", "--schema-only", "--no-owner", "-t",
                           "public.measured", "-t", "public.high", url], capture_output=True,
                          text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise Failure(done.stderr)
    lines = [line.rstrip(",") for line in done.stdout.splitlines()]
    return sorted(line for line in lines if line and not line.startswith(("--", "\\")))


def dump_of_wanted(s):
    name = f"{s.database}_wanted"
    s.sql(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} TEMPLATE template0")
    url = s.server.url(name)
    s.psql(["-f", s.folder / "wanted.sql"], url)
    lines = dump(s, url)
    s.sql(f"DROP DATABASE {name}")
    return lines


def same_dump(found, wanted, name):
    more, fewer = set(found) - set(wanted), set(wanted) - set(found)
    if found != wanted:
        raise Failure(f"{name}: the dump has {sorted(more)}, and not {sorted(fewer)}")


def nothing_left(s):
    s.expect("SELECT count(*) = 0 FROM pg_class WHERE relname ~ '__backfill_'")
    s.expect("SELECT count(*) = 0 FROM pg_proc WHERE prorettype = 'trigger'::regtype "
             "AND pronamespace = 'backfill'::regnamespace")


def play(s):
    before, wanted = dump(s, s.url), dump_of_wanted(s)
    writer = s.writer("-n", "-c", "1", "-R", "50", "-T", "3600", "-f", "writer.sql")
    killer = Killer(s)
    for arguments, least, shape in ((("run", "job.yaml"), 40, None),
                                    (("rollback", "job.yaml", "--yes"), 25, before),
                                    (("run", "manual.yaml"), 0, None),
                                    (("rollback", "manual.yaml", "--yes"), 5, before),
                                    (("run", "job.yaml"), 0, None),
                                    (("drop", "job.yaml"), 3, wanted)):
        killed = killer.until_done(*arguments) if least > 0 else 0
        if least == 0:
            s.backfill(*arguments)
        if killed < least:
            raise Failure(f"{arguments} was killed only {killed} times: this shows little")
        same_as_twin(s)
        if shape is not None:
            same_dump(dump(s, s.url), shape, arguments)
            nothing_left(s)
    missing = {"add", "wait", "copy", "verify", "prepare", "switch", "drop", "rollback",
               "rollback_verify", "rollback_prepare"} - killer.phases
    if missing:
        raise Failure(f"no run was killed in {missing}")
    killer.proxy.close()
    s.stop_writer(writer)
    same_as_twin(s)
