"""A slot that nobody reads from keeps what the job writes: the job slows, stops with its name at the
limit of the file, and goes on once the slot is dropped."""

from harness import exactly_once
from harness.reaction import goes_on, limited, stands_still


def play(s):
    s.sql("SELECT pg_create_physical_replication_slot('left_behind', true)")
    try:
        run = s.start("run", "job.yaml")
        limited(s, run, "stopped: replication slot left_behind keeps % of the log, of 4 MB")
        stands_still(s)
    finally:
        s.sql("SELECT pg_drop_replication_slot('left_behind')")
    goes_on(s, run)
    run.wait(expect=0).says("time lost to slot_wal")
    exactly_once.check(s, "id")
