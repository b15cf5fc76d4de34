"""Random faults against a job that is not idempotent, with four workers beside live writers, and an
oracle: each row once, counts that agree, a control schema in order.

A cycle is one fault at a random moment. When a job has come to its end, its table is looked at and
made anew for the next job.
"""

import collections
import os
import signal
import time
import urllib.parse

from harness import exactly_once
from harness.flaky_network import FlakyNetwork
from harness.scenario import Failure

ROWS = 12000
BATCH = 40
TABLES = f"""
DROP TABLE IF EXISTS public.counted, public.counted_before;
CREATE TABLE public.counted (tenant int, code text, n int NOT NULL DEFAULT 0, note text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant, code));
INSERT INTO public.counted (tenant, code, n)
SELECT i % 7, md5(i::text), i % 5 * 10 FROM generate_series(1, {ROWS}) AS i;
CREATE TABLE public.counted_before AS SELECT tenant, code, n FROM public.counted;
ALTER TABLE public.counted_before ADD PRIMARY KEY (tenant, code);
ANALYZE public.counted;
"""
JOB = """version: 1
kind: backfill
name: {name}
table: public.counted
set: {{n: n + 1}}
pace:
  connections: 4
  batch: {{fixed_rows: {batch}}}
  rows_per_second: {rate}
throttle:
  replica_lag: {{ignore: [standby1]}}
"""
OURS = ("FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name LIKE 'backfill%'")
# Of a hundred faults; what takes half a minute or stops the server is rarer.
WEIGHTS = {"kill_runner": 40, "terminate_backend": 12, "cancel_backend": 8, "cut_network": 8,
           "lose_a_commit": 8, "half_close": 5, "stall_network": 4, "slow_network": 4,
           "second_runner": 4, "steal_lease": 4, "step_clock": 4, "stop_and_go_on": 2,
           "disk_full": 2, "crash_server": 1, "restart_server": 1}
# libfaketime, which the runner is started with: the clock on the wall is what a file says.
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
DISK_FULL = """
CREATE FUNCTION public.disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER disk_full BEFORE UPDATE ON backfill.ranges
  FOR EACH ROW EXECUTE FUNCTION public.disk_full();
"""
ONCE_IN_A_LONG_RUN = {"freeze_past_the_lease": 1}


class Chaos:
    def __init__(self, s, cycles, only=()):
        self.s = s
        self.cycles = cycles
        self.faults = collections.Counter()
        self.jobs = 0
        self.run = None
        if not os.path.exists(FAKETIME):
            raise Failure(f"{FAKETIME} is not here: scripts/install brings it")
        self.clock = s.work / "clock"
        self.clock.write_text("+0s\n")
        base = urllib.parse.urlsplit(s.url)
        self.network = FlakyNetwork(base.hostname, base.port)
        self.url = s.url.replace(f":{base.port}/", f":{self.network.port}/")
        weights = WEIGHTS | (ONCE_IN_A_LONG_RUN if cycles >= 200 else {})
        weights |= {name: 1 for name in only if name in ONCE_IN_A_LONG_RUN}
        unknown = set(only) - set(weights)
        if unknown:
            raise Failure(f"no fault {', '.join(sorted(unknown))}; known: {', '.join(weights)}")
        chosen = {name: weights[name] for name in only or weights}
        self.names, self.weights = zip(*chosen.items(), strict=True)

    def play(self):
        writer = None
        try:
            self.new_job()
            for cycle in range(self.cycles):
                if writer is None or writer.ended:
                    writer = self.s.writer("-n", "-c", "2", "-R", "100", "-T", "3600", "-f",
                                           "writer.sql")
                self.be_running()
                time.sleep(self.s.rng.uniform(0.0, 0.5))
                fault = self.s.rng.choices(self.names, self.weights)[0]
                # In a short run each happens, in a long one chance decides.
                if cycle < len(self.names) and self.cycles < 200:
                    fault = self.names[cycle]
                self.faults[fault] += 1
                getattr(self, fault)()
                if self.cycles >= 200 and cycle % 50 == 49:
                    print(f"cycle {cycle + 1} of {self.cycles}: {self.jobs - 1} jobs done", flush=True)
            self.finish()
        finally:
            if writer is not None and not writer.ended:
                writer.kill_nine()
            self.network.close()

    # --- A job, from its beginning to its end. ---

    def new_job(self):
        self.jobs += 1
        self.s.sql(TABLES)
        self.path = self.s.work / f"chaos_{self.jobs}.yaml"
        self.path.write_text(JOB.format(name=f"chaos_{self.jobs}",
                                        batch=BATCH,
                                        rate=self.s.rng.choice([3000, 8000, 20000])))

    def be_running(self):
        """A runner works; a job that has come to its end is judged first."""
        if self.run is not None and self.run.ended:
            self.ended()
        if self.run is None:
            self.start()

    def start(self):
        self.run = self.s.start("run", str(self.path), "--no-progress", url=self.url,
                                environment={"LD_PRELOAD": FAKETIME,
                                             "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                                             "FAKETIME_CACHE_DURATION": "1",
                                             "FAKETIME_DONT_FAKE_MONOTONIC": "1"})

    def ended(self):
        code = self.run.code
        run, self.run = self.run, None
        if code == 0:
            self.judge(run)
            self.new_job()
        elif code not in (1, 5, 6, -signal.SIGKILL):
            raise Failure(f"the runner of chaos_{self.jobs} ended with {code}")

    def finish(self):
        """Without faults the job comes to its end, whatever came before."""
        self.network.heal()
        for _ in range(5):
            if self.run is None:
                self.start()
            self.run.process.wait(120)
            run, done = self.run, self.run.code == 0
            if self.run.code not in (0, 1, 5, 6):
                raise Failure(f"the last runner ended with {self.run.code}")
            self.run = None
            if done:
                self.judge(run)
                return
        raise Failure("five runs without any fault did not finish the job")

    def judge(self, run):
        exactly_once.check(self.s, "tenant, code")
        name = f"chaos_{self.jobs}"
        self.s.expect(f"SELECT state = 'done' FROM backfill.status WHERE name = '{name}'")
        counts = self.s.sql("SELECT rows_changed, (SELECT count(*) FROM counted WHERE n % 10 = 1) "
                            f"FROM backfill.status WHERE name = '{name}'")
        reported, changed = counts.split("|")
        if reported != changed:
            raise Failure(f"{name}: {reported} rows counted, {changed} changed")
        # One that found the job done has no lease to release: it was a killed one's, and ends by
        # itself. A stolen one ends as soon.
        if "lease_taken" in run.stderr:
            self.s.wait_until(f"SELECT NOT held FROM backfill.status WHERE name = '{name}'")
        self.s.expect("SELECT bool_and(r.closed) AND count(*) > 0 FROM backfill.ranges AS r "
                      f"JOIN backfill.jobs AS j ON j.id = r.job_id WHERE j.name = '{name}'")
        self.s.expect("SELECT count(*) = 0 FROM backfill.ranges AS r JOIN backfill.jobs AS j ON "
                      f"j.id = r.job_id WHERE j.name = '{name}' AND r.epoch > j.epoch")

    # --- The faults. ---

    def kill_runner(self):
        """Half of the times only when this run has changed rows: many die before that."""
        if self.s.rng.random() < 0.5:
            reached = exactly_once.rows_done(self.s)
            exactly_once.wait_for_progress(self.s, self.run, reached, exactly_once.rows_done)
            time.sleep(self.s.rng.uniform(0.0, 0.1))
        self.run.kill_nine()
        self.run = None

    def terminate_backend(self):
        self.s.sql(f"SELECT pg_terminate_backend(pid) {OURS} ORDER BY random() LIMIT 1")

    def cancel_backend(self):
        self.s.sql(f"SELECT pg_cancel_backend(pid) {OURS} AND state = 'active' "
                   "ORDER BY random() LIMIT 1")

    def cut_network(self):
        self.network.cut()

    def lose_a_commit(self):
        self.network.lose_next_commit()

    def half_close(self):
        self.network.half_close()

    def stall_network(self):
        self.network.stall(self.s.rng.uniform(0.2, 3.0))
        if self.s.rng.random() < 0.5:
            self.network.cut()

    def slow_network(self):
        self.network.slow(self.s.rng.uniform(0.001, 0.05))
        time.sleep(self.s.rng.uniform(0.1, 1.0))
        self.network.slow(0.0)

    def second_runner(self):
        """At the same time: one of the two owns the job, and says so."""
        other = self.s.start("run", str(self.path), "--no-progress", url=self.url)
        if self.s.rng.random() < 0.5:
            self.run.kill_nine()
        deadline = time.monotonic() + 60
        while not other.ended and not self.run.ended:
            if time.monotonic() > deadline:
                raise Failure("two runners of one job live beside each other for a minute")
            time.sleep(0.02)
        if self.run.ended:
            self.run = other

    def steal_lease(self):
        """As another runner does that knows the process to be dead; that one is gone at once."""
        self.s.sql("SELECT backfill.acquire_lease(l.job_id, gen_random_uuid(), 'elsewhere', 1, 'then', "
                   "interval '1 s', false, l.runner) FROM backfill.leases AS l "
                   "JOIN backfill.jobs AS j ON j.id = l.job_id "
                   f"WHERE j.name = 'chaos_{self.jobs}' AND l.released_at IS NULL"
                   if self.s.holds("SELECT to_regclass('backfill.leases') IS NOT NULL")
                   else "SELECT 1")

    def step_clock(self):
        """As somebody who sets it, or a time server after a long silence."""
        seconds = self.s.rng.choice([-400 * 86400, -3600, -40, -2, 2, 40, 3600, 400 * 86400])
        self.clock.write_text(f"{seconds:+d}s\n")

    def disk_full(self):
        """What a server tells whose disk has no room for a checkpoint. A full disk itself would take
        the machine's other servers down with it."""
        if not self.s.holds("SELECT to_regclass('backfill.ranges') IS NOT NULL"):
            return
        self.s.sql(DISK_FULL)
        time.sleep(self.s.rng.uniform(0.0, 0.5))
        self.s.sql("DROP FUNCTION public.disk_full() CASCADE")

    def stop_and_go_on(self):
        self.run.signal(signal.SIGSTOP)
        time.sleep(self.s.rng.uniform(0.1, 2.0))
        self.run.signal(signal.SIGCONT)

    def freeze_past_the_lease(self):
        """For longer than its lease lives; whoever took over meanwhile is not disturbed."""
        frozen = self.run
        frozen.signal(signal.SIGSTOP)
        time.sleep(31)
        self.start()
        time.sleep(self.s.rng.uniform(0.5, 3.0))
        os.kill(frozen.process.pid, signal.SIGCONT)
        frozen.process.wait(60)
        if frozen.code not in (0, 1, 6):
            raise Failure(f"a runner that was frozen past its lease ended with {frozen.code}")
        if frozen.code == 0 and not self.run.ended:
            self.run.process.wait(60)

    def crash_server(self):
        self.s.server.restart("immediate")

    def restart_server(self):
        self.s.server.restart("fast")
