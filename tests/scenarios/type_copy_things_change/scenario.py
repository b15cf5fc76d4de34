"""Others go on changing what hangs on the column while the job builds: nothing of theirs is lost or
set back, in whatever moment it comes, and nothing that was built for what they drop stays."""

from harness.scenario import Failure

NAME = "things_change"


def waits_for_switch(s, run):
    """The switch has been planned, and cannot have its locks yet."""
    run.wait_until_it_says("ddl_retry")


def built_for_nothing(s, wanted):
    s.expect(f"SELECT count(*) = {wanted} FROM pg_class WHERE relname LIKE 'parts_gone%'")
    s.expect(f"SELECT count(*) = {wanted} FROM pg_statistic_ext WHERE stxname LIKE 'parts_stats%'")
    s.expect(f"SELECT count(*) = {wanted} FROM pg_constraint WHERE conname LIKE 'small%'")


def between_two_commands(s):
    """Days may lie between `run` and `switch`."""
    s.backfill("run", "job.yaml").says("ready to switch")
    built_for_nothing(s, 2)
    s.sql("DROP INDEX parts_gone; DROP STATISTICS parts_stats; "
          "ALTER TABLE parts DROP CONSTRAINT small; "
          "GRANT SELECT (size) ON parts TO things_reader; "
          "ALTER TABLE parts ALTER size SET STATISTICS 250, ALTER size SET DEFAULT 2; "
          "COMMENT ON COLUMN parts.size IS 'in mm'; "
          "CREATE INDEX parts_late ON parts (size DESC)")


def in_the_last_moment(s):
    """While the switch waits for its locks behind somebody, others make one more index and another
    view: a switch by its first plan would lose the one and bring back the old text of the other."""
    holder = s.session("BEGIN; SELECT count(*) FROM parts WHERE id < 3; SELECT pg_sleep(600)")
    s.wait_until("SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' "
                 "AND state = 'active' AND pid <> pg_backend_pid()")
    run = s.start("switch", "job.yaml")
    waits_for_switch(s, run)
    s.sql("CREATE INDEX parts_last ON parts (size) WHERE size > 10")
    s.sql("CREATE OR REPLACE VIEW sizes AS SELECT id, size FROM parts WHERE size > 5")
    s.sql("CREATE VIEW doubled AS SELECT id, size * 2 AS twice FROM parts")
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE "
          "'%pg_sleep(600)%' AND pid <> pg_backend_pid()")
    run.wait(expect=0)
    run.says("things_changed", "has switched")
    holder.process.wait(30)


def everything_moved(s, kind):
    s.expect("SELECT count(*) = 0 FROM pg_class WHERE relname ~ '^parts.*__backfill_new'")
    s.expect(f"SELECT bool_and(t = '{kind}') AND count(*) = 5 FROM (SELECT format_type(atttypid, "
             "atttypmod) AS t FROM pg_attribute WHERE (attrelid, attname) IN "
             "(('parts'::regclass, 'size'), ('sizes'::regclass, 'size'), ('doubled'::regclass, "
             "'twice')) OR (attrelid IN ('parts_late'::regclass, 'parts_last'::regclass) "
             "AND attnum = 1)) AS f")
    s.expect("SELECT has_column_privilege('things_reader', 'parts', 'size', 'SELECT')")
    s.expect("SELECT attstattarget = 250 FROM pg_attribute WHERE attrelid = 'parts'::regclass "
             "AND attname = 'size'")
    s.expect("SELECT pg_get_viewdef('sizes') LIKE '%> 5%'")
    s.expect("SELECT col_description('parts'::regclass, attnum) = 'in mm' FROM pg_attribute WHERE "
             "attrelid = 'parts'::regclass AND attname = 'size'")
    s.sql("INSERT INTO parts (id) VALUES (30001)")
    s.expect("SELECT size = 2 FROM parts WHERE id = 30001")
    s.sql("DELETE FROM parts WHERE id = 30001")


def a_trigger_that_was_off(s):
    """Writes that the trigger did not see, after the proof and before the switch."""
    s.backfill("run", "job.yaml").says("ready to switch")
    s.sql("ALTER TABLE parts DISABLE TRIGGER ALL; UPDATE parts SET size = 77 WHERE id = 9;")
    s.backfill("switch", "job.yaml", expect=4).says("trigger_missing", "1 row differs", "9")
    s.sql("ALTER TABLE parts DISABLE TRIGGER ALL; UPDATE parts SET size = 78 WHERE id = 9; "
          "ALTER TABLE parts ENABLE TRIGGER ALL")
    s.backfill("switch", "job.yaml", expect=4).says("1 row differs")
    s.sql("UPDATE parts SET size = size WHERE id = 9")
    holder = s.session("BEGIN; SELECT count(*) FROM parts WHERE id < 3; SELECT pg_sleep(601)")
    s.wait_until("SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(601)%' "
                 "AND state = 'active' AND pid <> pg_backend_pid()")
    run = s.start("switch", "job.yaml")
    waits_for_switch(s, run)
    # It was off for an instant, in which the row of a loader came.
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE "
          "'%pg_sleep(601)%' AND pid <> pg_backend_pid(); "
          "SET lock_timeout = 0; ALTER TABLE parts DISABLE TRIGGER ALL; "
          "UPDATE parts SET size = 79 WHERE id = 9; ALTER TABLE parts ENABLE ALWAYS TRIGGER "
          "\"~things_change__backfill_sync\"")
    holder.process.wait(30)
    run.wait(expect=4)
    run.says("trigger_touched", "1 row differs")
    s.sql("UPDATE parts SET size = size WHERE id = 9")
    s.backfill("switch", "job.yaml").says("has switched")
    s.expect("SELECT size = 79 FROM parts WHERE id = 9")


def play(s):
    between_two_commands(s)
    in_the_last_moment(s)
    built_for_nothing(s, 0)
    everything_moved(s, "bigint")

    # The same on the way back: an index is dropped and a grant given after the switch.
    s.sql("DROP INDEX parts_size; GRANT UPDATE (size) ON parts TO things_reader")
    s.backfill("rollback", "job.yaml", "--yes").says("is rolled back")
    everything_moved(s, "integer")
    s.expect("SELECT count(*) = 0 FROM pg_class WHERE relname LIKE 'parts_size%'")
    s.expect("SELECT has_column_privilege('things_reader', 'parts', 'size', 'UPDATE')")
    s.expect("SELECT count(*) = 0 FROM pg_class WHERE relname ~ '__backfill_'")
    a_trigger_that_was_off(s)
    s.backfill("drop", "job.yaml").says("is done")
    if s.sql("SELECT count(*) FROM pg_class WHERE relname ~ '__backfill_'") != "0":
        raise Failure("something of ours is left")
