"""What `plan --sql` prints, psql runs: the script does what the job would do. And `plan` itself needs
no more than a session that may only read."""

import json

from harness.scenario import Failure


def next_transaction(s):
    return s.sql("SELECT pg_snapshot_xmax(pg_current_snapshot())")


def plan_reads_only(s):
    """Every transaction that writes gets a number; one of somebody else's may come between once, but
    not each time."""
    for _ in range(10):
        before = next_transaction(s)
        plans = [s.backfill("plan", job).says("estimate", "peak disk", "replication", "lock:",
                                              "next: backfill run")
                 for job in ("job.yaml", "copy.yaml")]
        if next_transaction(s) == before:
            break
    else:
        raise Failure("plan takes the number of a transaction")
    # A screen: what is worth pasting into a review.
    if len(plans[0].stdout.splitlines()) > 60:
        raise Failure("the plan has more lines than a screen")


def estimates_have_a_basis(s):
    estimate = json.loads(s.backfill("plan", "job.yaml", "--json").stdout)["estimate"]
    if estimate["rows"]["value"] != 9000 or "not there yet" not in estimate["rows"]["basis"]:
        raise Failure(f"the estimate is {estimate}")
    for name in ("seconds", "wal_bytes", "heap_growth_bytes", "index_growth_bytes",
                 "peak_disk_bytes", "replication_bytes"):
        figure = estimate[name]
        if not figure["basis"] or not 0 <= figure["low"] <= figure["high"]:
            raise Failure(f"{name} is {figure}")


def scripts_run(s):
    for job in ("job.yaml", "copy.yaml"):
        script = s.work / f"{job}.sql"
        script.write_text(s.backfill("plan", job, "--sql").stdout, encoding="utf-8")
        s.psql(["-f", script])
    s.check()


def the_rest_of_the_script_is_by_hand(s):
    script = (s.work / "copy.yaml.sql").read_text(encoding="utf-8")
    drop = script[script.index("-- by hand"):]
    if any(line and not line.startswith("--") for line in drop.splitlines()):
        raise Failure(f"the drop is not in comments: {drop}")
    s.psql(["-f", "-"], stdin="\n".join(line.removeprefix("-- ") for line in drop.splitlines()
                                        if line.endswith(";")))
    s.expect("SELECT count(*) = 2 FROM pg_attribute WHERE attrelid = 'readings'::regclass AND "
             "attnum > 0 AND NOT attisdropped")


def play(s):
    plan_reads_only(s)
    estimates_have_a_basis(s)
    scripts_run(s)
    the_rest_of_the_script_is_by_hand(s)
