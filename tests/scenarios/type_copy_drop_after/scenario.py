"""`drop: after …` keeps the old column for its time, says until when, and lets it go afterwards: by
`run` and by `drop`. The time is not waited for: the recorded moment of the switch moves instead."""

from harness.scenario import Failure


def moment_of(s, job, after):
    """From when on the column may go, as the messages give it."""
    return s.sql("SELECT date_trunc('second', p.finished_at + interval '999 ms' + "
                 f"interval '{after}') FROM backfill.phases AS p JOIN backfill.jobs AS j "
                 f"ON j.id = p.job_id WHERE j.name = '{job}' AND p.phase = 'switch'")


def earlier(s, job, by):
    s.sql(f"UPDATE backfill.phases SET finished_at = finished_at - interval '{by}' WHERE phase = "
          f"'switch' AND job_id = (SELECT id FROM backfill.jobs WHERE name = '{job}')")


def has_old_column(s, has):
    s.expect(f"SELECT (count(*) = 1) = {has} FROM pg_attribute WHERE attrelid = "
             "'prices'::regclass AND attname = 'amount__backfill_old'")


def play(s):
    moved = s.backfill("run", "job.yaml")
    due = moment_of(s, "drop_after", "24 hours")
    moved.says("has switched", "it may be dropped in 2", f"from {due} on")
    early = s.backfill("drop", "job.yaml", expect=3)
    early.says("keeps its old column for another 23h", f"until {due}", "(drop: after 24h)",
               "next: backfill drop job.yaml   (from then on")
    s.backfill("run", "job.yaml").says("has switched", f"from {due} on")
    has_old_column(s, True)

    # Nearly there is not there.
    earlier(s, "drop_after", "23 hours 50 minutes")
    due = moment_of(s, "drop_after", "24 hours")
    s.backfill("run", "job.yaml").says("it may be dropped in", f"from {due} on")
    s.backfill("drop", "job.yaml", expect=3).says(f"until {due}")
    has_old_column(s, True)
    s.backfill("gate", "job.yaml")

    earlier(s, "drop_after", "10 minutes")
    s.backfill("run", "job.yaml").says("is done", "the old column of public.prices is gone")
    has_old_column(s, False)
    s.backfill("gate", "job.yaml")
    s.backfill("run", "job.yaml").says("already")
    s.backfill("rollback", "job.yaml", "--yes", expect=3).says("no way back")

    # The way back puts the time off, too: it counts from the last switch.
    s.backfill("run", "by_hand.yaml").says("has switched")
    earlier(s, "by_hand", "2 hours")
    s.backfill("rollback", "by_hand.yaml", "--yes").says("is rolled back")
    s.backfill("run", "by_hand.yaml").says("has switched", "it may be dropped in 1h")
    s.backfill("drop", "by_hand.yaml", expect=3).says("keeps its old column for another 1h")
    earlier(s, "by_hand", "2 hours")
    s.backfill("drop", "by_hand.yaml").says("is done")
    has_old_column(s, False)
    s.expect("SELECT count(*) = 3000 AND sum(amount) = 148500 FROM prices")
    if "numeric" not in s.sql("SELECT pg_typeof(amount) FROM prices LIMIT 1"):
        raise Failure("the column has not its new type")
