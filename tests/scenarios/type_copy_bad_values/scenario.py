"""Values that one of the two types cannot hold: before the job, beside it, and on the way back."""


def play(s):
    s.backfill("run", "job.yaml", expect=1).says("2917", "invalid input syntax for type uuid")
    s.sql("UPDATE devices SET serial = NULL WHERE id = 2917")
    s.backfill("run", "job.yaml").says("ready to switch", "backfill switch")

    # The application writes one that does not convert: the write goes on, the switch does not.
    s.sql("UPDATE devices SET serial = 'odd' WHERE id = 77")
    s.expect("SELECT serial = 'odd' AND serial__backfill_new IS NULL FROM devices WHERE id = 77")
    s.backfill("switch", "job.yaml", expect=4).says("77", "nothing was switched")
    s.sql("UPDATE devices SET serial = NULL WHERE id = 77")
    s.backfill("switch", "job.yaml").says("has switched")
    s.expect("SELECT count(*) = 3198 FROM devices WHERE serial = md5(id::text)::uuid")
    s.backfill("drop", "job.yaml").says("is done")

    s.backfill("run", "number.yaml").says("has switched", "may be dropped in 23h")
    s.backfill("drop", "number.yaml", expect=3).says("keeps its old column")
    s.sql("UPDATE devices SET seen = 3000000000 WHERE id = 5")
    s.backfill("rollback", "number.yaml", "--yes", expect=4).says("(5)", "nothing was rolled back")
    s.expect("SELECT seen = 3000000000 FROM devices WHERE id = 5")
    s.backfill("rollback", "number_told.yaml", "--yes").says("is rolled back")
    s.expect("SELECT seen = 2147483647 FROM devices WHERE id = 5")
    s.expect("SELECT pg_typeof(seen) = 'integer'::regtype FROM devices WHERE id = 5")
