"""How far a slow standby falls behind: `scripts/bench lag`.

The standby replays for a share of the time only: its startup process is stopped and continued in
turns. A job works at full speed beside it, once for each pair of limits, and once without watching
it. Lag is measured from outside, on sessions of its own: the age of the position that the standby
has replayed, in the positions that the primary has been seen at. The largest lag counts after the
job has first reacted to it; against `stop` it should never be more than 1.2 times that.
"""

import bisect
import json
import os
import signal
import subprocess
import sys
import threading
import time

from server import JOB, begin, client_environment, describe_machine, run_arguments

TARGET_RATIO = 1.2
PERIOD = 0.05  # seconds, of one turn of stopping and continuing
SAMPLES = 0.02  # seconds between two
THROTTLE = """throttle:
  replica_lag: {{{}}}
"""


class Session:
    """One psql that answers a question with one line."""

    def __init__(self, environment):
        self.process = subprocess.Popen(["psql", "-X", "-q", "-A", "-t"], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, statement):
        self.process.stdin.write(statement + ";\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class SlowStandby(threading.Thread):
    """Lets a process run for a share of each turn, until `end`."""

    def __init__(self, pid, share):
        super().__init__(daemon=True)
        self.pid = pid
        self.share = share
        self.over = threading.Event()

    def run(self):
        try:
            while not self.over.is_set():
                os.kill(self.pid, signal.SIGSTOP)
                time.sleep(PERIOD * (1 - self.share))
                os.kill(self.pid, signal.SIGCONT)
                time.sleep(PERIOD * self.share)
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def end(self):
        self.over.set()
        self.join()


class LagMeter(threading.Thread):
    """Samples both servers; `lags` are (time of the clock, seconds behind)."""

    def __init__(self, primary, standby):
        super().__init__(daemon=True)
        self.primary = Session(primary)
        self.standby = Session(standby)
        self.times, self.positions, self.lags = [], [], []
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            # The standby first: what it has replayed cannot be beyond what the primary then shows.
            replayed = int(self.standby.ask("SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn"))
            written = int(self.primary.ask("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))
            now = time.time()
            if not self.positions or written > self.positions[-1]:
                self.times.append(now)
                self.positions.append(written)
            self.lags.append((now, self.age(replayed, now)))
            time.sleep(SAMPLES)

    def age(self, replayed, now):
        """For how long there has been more of the log than that."""
        beyond = bisect.bisect_right(self.positions, replayed)
        return 0.0 if beyond == len(self.positions) else now - self.times[beyond]

    def end(self):
        self.over.set()
        self.join()
        self.primary.close()
        self.standby.close()


def write_job(output, limits):
    name = f"lag_{time.time_ns()}"
    settings = "ignore: [standby1]"
    if limits:
        slow, _, stop = limits.partition(":")
        settings = f"slow: {slow}, stop: {stop}"
    path = output / f"{name}.yaml"
    path.write_text(JOB.format(name=name, table="subject", connections=2, batch="")
                    + THROTTLE.format(settings))
    return name, path


def wait_for_standby(server, standby):
    """Until it has replayed all that there is."""
    written = server.run("SELECT pg_current_wal_lsn()")
    session = Session(standby)
    while session.ask(f"SELECT pg_last_wal_replay_lsn() >= '{written}'") != "t":
        time.sleep(0.1)
    session.close()


def events(server, name):
    """When the job first reacted, and how long it stood still, by what it has written down."""
    of_job = ("FROM backfill.events AS e JOIN backfill.jobs AS j ON j.id = e.job_id "
              f"WHERE j.name = '{name}' AND e.kind = 'throttle' AND e.reason IN ('slowed', 'stopped')"
              " AND e.detail ->> 'text' LIKE 'lag of %'")
    return server.run(f"SELECT extract(epoch FROM min(e.at)), count(*) {of_job}").split("|")


def measure(server, standby, chosen, output, limits):
    server.fresh_copy(chosen.rows)
    wait_for_standby(server, standby)
    name, path = write_job(output, limits)
    startup = Session(standby)
    pid = int(startup.ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'"))
    startup.close()
    slow = SlowStandby(pid, chosen.share)
    meter = LagMeter(server.environment, standby)
    slow.start()
    meter.start()
    begin = time.time()
    with open(output / "lag.log", "a") as log:
        job = subprocess.Popen([chosen.program, "run", str(path), "--no-progress"],
                               env=server.environment, stdout=log, stderr=log)
    try:
        job.wait(timeout=chosen.seconds)
    except subprocess.TimeoutExpired:
        job.send_signal(signal.SIGINT)
        job.wait(timeout=60)
    end = time.time()
    done = server.number("SELECT count(*) FROM subject WHERE email_normalized IS NOT NULL")
    slow.end()
    meter.end()
    if job.returncode not in (0, 5):
        sys.exit(f"error: the job ended with {job.returncode}; its output is in {output}/lag.log")
    first, reactions = events(server, name)
    since = float(first) if first else begin
    seen = [lag for at, lag in meter.lags if since <= at <= end]
    return {"limits": limits or "not watched", "rows_per_second": done / (end - begin),
            "seconds": end - begin, "reactions": int(reactions),
            "first_reaction": since - begin if first else None, "largest_lag": max(seen),
            "median_lag": sorted(seen)[len(seen) // 2], "samples": len(seen)}


def seconds_of(duration):
    return float(duration[:-2]) / 1e3 if duration.endswith("ms") else float(duration[:-1])


def table(results):
    lines = ["| slow:stop | rows/s | first reaction s | median lag s | largest lag s | of stop |"
             f" at most {TARGET_RATIO} |", "|---|--:|--:|--:|--:|--:|---|"]
    for each in results:
        first = "" if each["first_reaction"] is None else f"{each['first_reaction']:.1f}"
        ratio, verdict = "", ""
        if ":" in each["limits"]:
            value = each["largest_lag"] / seconds_of(each["limits"].partition(":")[2])
            ratio, verdict = f"{value:.2f}", "held" if value <= TARGET_RATIO else "NOT held"
        lines.append(f"| {each['limits']} | {each['rows_per_second']:,.0f} | {first} |"
                     f" {each['median_lag']:.2f} | {each['largest_lag']:.2f} | {ratio} | {verdict} |")
    return "\n".join(lines)


def arguments():
    parser = run_arguments("scripts/bench lag", __doc__.partition("\n")[0], 1, "1s:5s,500ms:2s",
                           "slow and stop of throttle.replica_lag (%(default)s)", "SLOW:STOP,…")
    parser.add_argument("--seconds", type=float, default=60,
                        help="the most that each works (%(default)s)")
    parser.add_argument("--share", type=float, default=0.1,
                        help="of the time in which the standby replays (%(default)s)")
    chosen = parser.parse_args()
    if min(chosen.rows, chosen.repeat, chosen.seconds) < 1 or not 0 < chosen.share < 1:
        parser.error("every number is at least 1, and the share between 0 and 1")
    return chosen


def main():
    chosen = arguments()
    output, server = begin(chosen)
    standby = client_environment(os.environ["BENCH_STANDBY_URL"])
    server.make_template(chosen.rows)
    results = []
    for turn in range(chosen.repeat):
        for limits in [None, *chosen.variants.split(",")]:
            result = measure(server, standby, chosen, output, limits)
            results.append(result)
            print(f"round {turn + 1} of {chosen.repeat}: {result['limits']}: largest lag "
                  f"{result['largest_lag']:.2f} s, {result['rows_per_second']:,.0f} rows/s",
                  file=sys.stderr)
    machine = describe_machine(server)
    print(f"{machine['cores']} cores ({machine['cpu']}), PostgreSQL {machine['postgresql']}; the "
          f"standby replays for {chosen.share:.0%} of the time.\n")
    print(table(results))
    (output / "lag.json").write_text(json.dumps(
        {"machine": machine, "rows": chosen.rows, "share": chosen.share, "results": results},
        indent=2) + "\n")


main()
