"""An application sits in a transaction that holds a row. Its range is set aside and the rest of the
table goes on; it is tried again, and done once the row is free. If it never frees, the job ends
and names the keys and the session."""

from harness import exactly_once
from harness.reaction import Session, told

HELD = 30_000  # in the middle of the table


def holder_of(s):
    return Session(s, f"BEGIN; UPDATE counted SET n = n WHERE id = {HELD};", "billing")


def named(holder):
    return (f"by session {holder.pid} (user postgres, application billing, idle in transaction, "
            "its transaction ")


def never_frees(s):
    holder = holder_of(s)
    try:
        run = s.backfill("run", "job.yaml", expect=1)
        run.says("stayed locked " + named(holder), f"{HELD}", "canceling statement due to lock timeout",
                 "End that transaction, and run the job again", "backfill run")
        # All but the row and, at most, those of its batch and of its range behind it.
        s.expect("SELECT n % 10 = 0 FROM counted WHERE id = 30000")
        s.expect("SELECT count(*) > 30000 FROM counted WHERE n % 10 = 1")
        s.expect("SELECT last_error LIKE '%stayed locked by session%' FROM backfill.status")
        s.expect(told("set aside, its rows are locked " + named(holder)))
    finally:
        holder.end("ROLLBACK;")


def frees_in_time(s):
    holder = holder_of(s)
    try:
        run = s.start("run", "job.yaml")
        s.wait_until("SELECT held AND progress ->> 'limited_by' LIKE 'waiting for rows locked in 1 "
                     f"range {named(holder)}%' FROM backfill.status", run)
        holder.end("COMMIT;")
        run.wait(expect=0)
    finally:
        holder.end()


def play(s):
    never_frees(s)
    frees_in_time(s)
    exactly_once.check(s, "id")
