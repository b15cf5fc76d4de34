"""The end-to-end comparison behind scripts/bench, which starts the server and calls this.

Every measurement works on a fresh, vacuumed copy of the same table, after a CHECKPOINT, so that all
pay for their first full-page images. The contestants take turns within one run: on a machine that
others use too, only ratios between neighbours mean anything.

Where the numbers come from: the client's CPU time from the kernel's account of the process when it
ends; the server's from /proc, as the postmaster's own time, that of the children it has reaped and
that of those still alive; the client's memory from VmHWM, read while it runs; the phases of a job
from backfill.phases.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time
import urllib.parse

TICKS = os.sysconf("SC_CLK_TCK")
SMALL_ROWS = 10_000
LOOP_BATCH = 1_000
REAPING_SECONDS = 0.3
TARGET_COPY_RATIO = 1.6
TARGET_CPU_SHARE = 0.05
TARGET_MEMORY_MIB = 64

JOB = """version: 1
kind: backfill
name: {name}
table: public.{table}
set:
  email_normalized: lower(trim(email))
pace:
  connections: {connections}
{batch}"""


# ---- the server ------------------------------------------------------------------------------


def client_environment(url):
    """For psql and backfill alike: nothing of the password on a command line."""
    parts = urllib.parse.urlsplit(url)
    return dict(os.environ, PGHOST=parts.hostname, PGPORT=str(parts.port), PGUSER=parts.username,
                PGPASSWORD=parts.password, PGDATABASE=parts.path.lstrip("/"), DATABASE_URL=url)


class Server:
    def __init__(self, url, postmaster):
        self.environment = client_environment(url)
        self.postmaster = postmaster

    def run(self, *statements):
        """Each statement in a transaction of its own, all in one session; gives their rows."""
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        for statement in statements:
            command += ["-c", statement]
        done = subprocess.run(command, env=self.environment, check=True, text=True,
                              stdout=subprocess.PIPE)
        return done.stdout.strip()

    def number(self, statement):
        return float(self.run(statement))

    def cpu_seconds(self):
        # A backend outlives its client for a moment, and while the postmaster reaps it its time is
        # in neither place.
        time.sleep(REAPING_SECONDS)
        total = 0
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            # user, system, and of the postmaster also those of the children that have ended
            if int(entry.name) == self.postmaster:
                total += sum(int(field) for field in fields[11:15])
            elif int(fields[1]) == self.postmaster:
                total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def make_template(self, rows):
        self.run(
            "SET client_min_messages = warning", "DROP TABLE IF EXISTS subject, template",
            "CREATE TABLE template (id bigserial PRIMARY KEY, email text NOT NULL, profile text,"
            " email_normalized text)",
            "INSERT INTO template (email, profile)"
            " SELECT '  User.' || lpad(n::text, 9, '0') || '@Mail-Provider.Example.COM ',"
            "        repeat(md5(n::text), 2) || left(md5((n * 7)::text), 20)"
            f" FROM generate_series(1, {rows}) AS n",
            "VACUUM ANALYZE template")

    def fresh_copy(self, rows):
        # Autovacuum comes when it likes, which would be in the middle of one and not of another.
        self.run(
            "SET client_min_messages = warning", "DROP TABLE IF EXISTS subject",
            "CREATE TABLE subject (LIKE template INCLUDING ALL) WITH (autovacuum_enabled = off)",
            f"INSERT INTO subject SELECT * FROM template WHERE id <= {rows} ORDER BY id",
            "VACUUM ANALYZE subject", "CHECKPOINT")


# ---- one measurement -------------------------------------------------------------------------


def peak_memory_kib(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def machine_busy_seconds():
    fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _wait, interrupt, soft = (int(field) for field in fields[:7])
    return (user + nice + system + interrupt + soft) / TICKS


def run_client(command, environment, log):
    """Runs to the end; gives seconds, CPU seconds (user and system) and peak memory in KiB."""
    started = time.monotonic()
    with open(log, "a") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    peak = 0
    while True:
        peak = max(peak, peak_memory_kib(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.02)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"error: {command[0]} ended with {process.returncode}; its output is in {log}")
    return seconds, usage.ru_utime + usage.ru_stime, peak


def measure(server, rows, command, log):
    server.fresh_copy(rows)
    heap = server.number("SELECT pg_relation_size('subject')")
    wal = server.run("SELECT pg_current_wal_lsn()")
    server_cpu = server.cpu_seconds()
    busy = machine_busy_seconds()
    seconds, client_cpu, memory = run_client(command, server.environment, log)
    busy = machine_busy_seconds() - busy
    server_cpu = server.cpu_seconds() - server_cpu
    wal = server.number(f"SELECT pg_current_wal_lsn() - '{wal}'::pg_lsn")
    wrong = server.number("SELECT count(*) FROM subject"
                          " WHERE email_normalized IS DISTINCT FROM lower(trim(email))")
    if wrong or server.number("SELECT count(*) FROM subject") != rows:
        sys.exit(f"error: {wrong:.0f} of {rows} rows are wrong after {command}")
    return {
        "rows": rows, "seconds": seconds, "rows_per_second": rows / seconds,
        "client_cpu_seconds": client_cpu, "server_cpu_seconds": server_cpu,
        "client_memory_kib": memory, "wal_bytes": wal,
        "heap_growth": server.number("SELECT pg_relation_size('subject')") / heap,
        # What else the machine did meanwhile, in whole cores.
        "others_cores": max(0.0, busy - client_cpu - server_cpu) / seconds,
    }


def single_update(server, rows, output):
    command = ["psql", "-X", "-q", "-c", "UPDATE subject SET email_normalized = lower(trim(email))"]
    return measure(server, rows, command, output / "single.log")


def naive_loop(server, rows, output):
    """What is pasted into psql by hand; the last, empty pass is part of it."""
    script = output / "loop.sql"
    update = ("UPDATE subject SET email_normalized = lower(trim(email)) WHERE id IN (SELECT id"
              " FROM subject WHERE email_normalized IS NULL ORDER BY id"
              f" LIMIT {LOOP_BATCH});\n")
    script.write_text(update * (rows // LOOP_BATCH + 1))
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script)]
    return measure(server, rows, command, output / "loop.log")


def backfill(server, rows, output, program, variant, number):
    connections, _, batch_rows = variant.partition(":")
    name = f"bench_{number}"
    batch = "" if batch_rows in ("", "auto") else f"  batch: {{fixed_rows: {batch_rows}}}\n"
    job = output / f"{name}.yaml"
    job.write_text(JOB.format(name=name, table="subject", connections=connections, batch=batch))
    command = [program, "run", str(job), "--no-progress"]
    result = measure(server, rows, command, output / "backfill.log")
    of_job = f"FROM backfill.{{}} x JOIN backfill.jobs j ON j.id = x.job_id WHERE j.name = '{name}'"
    phases = json.loads(server.run(
        "SELECT json_object_agg(phase, seconds) FROM (SELECT x.phase,"
        " sum(extract(epoch FROM x.finished_at - x.started_at)) AS seconds "
        + of_job.format("phases") + " GROUP BY x.phase) AS each_phase"))
    ranges, batches = server.run(
        "SELECT count(*), sum(batches) " + of_job.format("ranges") + " AND x.phase = 'copy'"
    ).split("|")
    result.update(phases=phases, copy_rows_per_second=rows / phases["copy"],
                  copy_ranges=int(ranges), copy_batches=int(batches))
    return result


# ---- the report ------------------------------------------------------------------------------


def describe_machine(server):
    model = ""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    return {"cores": os.cpu_count(), "cpu": model, "kernel": platform.release(),
            "postgresql": server.run("SHOW server_version"),
            "settings": {name: server.run(f"SHOW {name}") for name in (
                "fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers",
                "max_wal_size", "wal_compression")}}


def median(results, key):
    return statistics.median(result[key] for result in results)


def paired_ratios(singles, others, key="rows_per_second"):
    """Each against the single UPDATE that ran just before it: what drifts is common to both."""
    return sorted(other[key] / single["rows_per_second"]
                  for single, other in zip(singles, others))


def row(label, singles, results, key="rows_per_second"):
    ratios = paired_ratios(singles, results, key)
    cells = [label, f"{results[0]['rows']:,}", f"{median(results, key):,.0f}",
             f"{statistics.median(ratios):.2f}", f"{ratios[0]:.2f}–{ratios[-1]:.2f}",
             f"{median(results, 'wal_bytes') / results[0]['rows']:.0f}",
             f"{median(results, 'heap_growth'):.2f}x",
             f"{median(results, 'client_cpu_seconds'):.2f}",
             f"{median(results, 'server_cpu_seconds'):.2f}",
             f"{median(results, 'client_memory_kib') / 1024:.1f}",
             f"{median(results, 'others_cores'):.2f}"]
    return "| " + " | ".join(cells) + " |"


def table(singles, loops, backfills):
    lines = ["| contestant | rows | rows/s | ratio | spread | WAL B/row | heap | client CPU s |"
             " server CPU s | client MiB | others' cores |",
             "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    lines.append(row("single UPDATE", singles, singles))
    for variant, results in backfills.items():
        lines.append(row(f"backfill {variant}: copy", singles, results, "copy_rows_per_second"))
        lines.append(row(f"backfill {variant}: whole process", singles, results))
    if loops:
        lines.append(row(f"loop of LIMIT {LOOP_BATCH}", singles, loops))
    return "\n".join(lines)


def judge(singles, judged, small):
    """Name, what was measured, what was hoped for, and whether it is met."""
    copy = statistics.median(paired_ratios(singles, judged, "copy_rows_per_second"))
    cpu = median(judged, "client_cpu_seconds") / median(judged, "server_cpu_seconds")
    memory = max(result["client_memory_kib"] for result in judged + [small]) / 1024
    return [("copy against the single UPDATE", f"{copy:.2f}", f">= {TARGET_COPY_RATIO}",
             copy >= TARGET_COPY_RATIO),
            ("client CPU of the server's", f"{cpu:.1%}", f"<= {TARGET_CPU_SHARE:.0%}",
             cpu <= TARGET_CPU_SHARE),
            (f"client memory, {small['rows']:,} and {judged[0]['rows']:,} rows",
             f"{small['client_memory_kib'] / 1024:.1f} and "
             f"{median(judged, 'client_memory_kib') / 1024:.1f} MiB",
             f"< {TARGET_MEMORY_MIB} MiB", memory < TARGET_MEMORY_MIB)]


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the table (%(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="rounds of A B (%(default)s)")
    parser.add_argument("--loop-rows", type=int, default=30_000,
                        help="of the loop's table; it is quadratic. 0: no loop (%(default)s)")
    parser.add_argument("--variants", default="2:auto", metavar="C:ROWS,…",
                        help="connections and fixed batch size, or auto; the first is judged "
                        "(%(default)s)")
    parser.add_argument("--standby", action="store_true", help="leave the standby streaming")
    for hidden in ("--program", "--server-pid", "--output"):
        parser.add_argument(hidden, required=True, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.rows < 1 or chosen.repeat < 1 or chosen.loop_rows < 0:
        parser.error("--rows and --repeat are at least 1, --loop-rows at least 0")
    return chosen


def main():
    chosen = arguments()
    output = pathlib.Path(chosen.output)
    output.mkdir(parents=True, exist_ok=True)
    server = Server(os.environ["BENCH_URL"], int(chosen.server_pid))
    variants = chosen.variants.split(",")
    largest = max(chosen.rows, chosen.loop_rows, SMALL_ROWS)
    server.make_template(largest)
    singles, loops, backfills = [], [], {variant: [] for variant in variants}
    number = 0
    small = backfill(server, SMALL_ROWS, output, chosen.program, variants[0], number)
    for turn in range(chosen.repeat):
        singles.append(single_update(server, chosen.rows, output))
        print(f"round {turn + 1} of {chosen.repeat}: single UPDATE"
              f" {singles[-1]['rows_per_second']:,.0f} rows/s", file=sys.stderr)
        for variant in variants:
            number += 1
            result = backfill(server, chosen.rows, output, chosen.program, variant, number)
            backfills[variant].append(result)
            print(f"  backfill {variant}: copy {result['copy_rows_per_second']:,.0f} rows/s,"
                  f" {result['copy_batches']} batches, phases {result['phases']}", file=sys.stderr)
        if chosen.loop_rows:
            loops.append(naive_loop(server, chosen.loop_rows, output))
    machine = describe_machine(server)
    verdicts = judge(singles, backfills[variants[0]], small)
    print(f"{machine['cores']} cores ({machine['cpu']}), PostgreSQL {machine['postgresql']},"
          f" kernel {machine['kernel']}, {chosen.repeat} rounds; ratios are medians of pairs.\n")
    print(table(singles, loops, backfills) + "\n")
    for name, found, hoped, met in verdicts:
        print(f"{'pass' if met else 'MISS'}: {name}: {found} (target {hoped})")
    (output / "last.json").write_text(json.dumps(
        {"machine": machine, "rows": chosen.rows, "repeat": chosen.repeat,
         "standby": chosen.standby, "single": singles, "backfill": backfills, "small": small,
         "loop": loops,
         "verdicts": [dict(zip(("name", "found", "target", "met"), each)) for each in verdicts]},
        indent=2) + "\n")


main()
