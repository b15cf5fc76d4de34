"""What the runner holds of its machine does not grow: over ten thousand batches, and over hundreds of
lost connections."""

import pathlib

from harness import exactly_once
from harness.scenario import Failure

ROWS = 100000
ROUNDS = 50
MIB = 1024  # kB
TERMINATE = ("SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity "
             "WHERE datname = current_database() AND application_name LIKE 'backfill%'")


def held(run):
    """(open files, kB in memory) of a running process."""
    process = pathlib.Path("/proc") / str(run.process.pid)
    files = len(list((process / "fd").iterdir()))
    memory = next(line for line in (process / "status").read_text().splitlines()
                  if line.startswith("VmRSS:"))
    return files, int(memory.split()[1])


def compare(what, early, late, files, kilobytes):
    print(f"{what}: {early[0]} then {late[0]} open files, {early[1]} then {late[1]} kB", flush=True)
    if late[0] > early[0] + files or late[1] > early[1] + kilobytes:
        raise Failure(f"{what}: what the runner holds grew from {early} to {late} (files, kB)")


def many_batches(s):
    run = s.start("run", "job.yaml")
    s.wait_until(f"SELECT count(*) > {ROWS // 10} FROM counted WHERE n % 10 = 1", run, pause=0.2)
    early = held(run)
    s.wait_until(f"SELECT count(*) > {ROWS * 9 // 10} FROM counted WHERE n % 10 = 1", run, pause=0.2)
    late = held(run)
    run.wait(expect=0)
    compare("ten thousand batches", early, late, files=4, kilobytes=3 * MIB)
    exactly_once.check(s, "id")
    s.expect("SELECT batches >= 10000 FROM backfill.status")


def many_reconnections(s):
    s.sql("UPDATE counted SET n = b.n FROM counted_before AS b WHERE b.id = counted.id")
    run = s.start("run", "slowly.yaml")
    terminated = 0
    early = None
    for number in range(ROUNDS):
        reached = exactly_once.rows_done(s)
        exactly_once.wait_for_progress(s, run, reached, exactly_once.rows_done)
        if run.ended:
            raise Failure(f"{run.name} ended after {number} of {ROUNDS} rounds")
        if number == 5:
            early = held(run)
        terminated += int(s.sql(TERMINATE))
    reached = exactly_once.rows_done(s)
    exactly_once.wait_for_progress(s, run, reached, exactly_once.rows_done)
    late = held(run)
    s.backfill("set", "slowly", "pace.rows_per_second=null", "pace.batch.fixed_rows=null")
    run.wait(expect=0)
    compare(f"{terminated} lost connections", early, late, files=6, kilobytes=3 * MIB)
    exactly_once.check(s, "id")


def play(s):
    many_batches(s)
    many_reconnections(s)
