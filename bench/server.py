"""A private server and what its measurements need; used by each comparison of scripts/bench.

Where the numbers come from: the client's CPU time from the kernel's account of the process when it
ends; the server's from /proc, as the postmaster's own time, that of the children it has reaped and
that of those still alive; the client's memory from VmHWM, read while it runs.
"""

import argparse
import os
import pathlib
import platform
import subprocess
import sys
import time
import urllib.parse

TICKS = os.sysconf("SC_CLK_TCK")
REAPING_SECONDS = 0.3

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


def run_arguments(prog, purpose, repeat, variants=None, variants_help=None, form="C:ROWS,…"):
    """What every comparison is told; the hidden ones come from scripts/bench."""
    parser = argparse.ArgumentParser(prog=prog, description=purpose)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the table (%(default)s)")
    parser.add_argument("--repeat", type=int, default=repeat, help="rounds (%(default)s)")
    if variants:
        parser.add_argument("--variants", default=variants, metavar=form, help=variants_help)
    for hidden in ("--program", "--server-pid", "--output"):
        parser.add_argument(hidden, required=True, help=argparse.SUPPRESS)
    return parser


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


def begin(chosen):
    """The folder for the results, made where it is missing, and the server to measure on."""
    output = pathlib.Path(chosen.output)
    output.mkdir(parents=True, exist_ok=True)
    return output, Server(os.environ["BENCH_URL"], int(chosen.server_pid))


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
