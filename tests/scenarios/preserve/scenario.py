"""Columns that triggers touch keep their values in the rows that the job changes, and only there:
beside a writer, over kill -9, and with nothing left behind."""

import time

from harness.scenario import Failure

TRIGGERS = "SELECT count(*) = {} FROM pg_trigger WHERE tgname LIKE '%backfill%'"
FUNCTIONS = "SELECT count(*) = {} FROM pg_proc WHERE proname = 'preserve_backfill_keep'"


def play(s):
    s.backfill("plan", "job.yaml").says("|preserve_backfill_keep", "touch (before, for each row",
                                        "SHARE ROW EXCLUSIVE")
    s.expect(TRIGGERS.format(0))
    writer = s.writer("-n", "-c", "2", "-R", "200", "-T", "600", "-f", "writer.sql")
    killed = 0
    for _ in range(4):
        run = s.start("run", "job.yaml")
        s.wait_until("SELECT count(*) > 0 FROM pg_trigger WHERE tgname = '|preserve_backfill_keep'",
                     run)
        time.sleep(s.rng.uniform(0.0, 0.6))
        if run.ended:
            break
        run.kill_nine()
        killed += 1
        # What is left of it does nothing to others.
        s.sql("UPDATE orders SET total = total WHERE id = 2")
        s.expect("SELECT o.updated_at > b.updated_at AND o.version > b.version "
                 "FROM orders AS o JOIN orders_before AS b USING (id) WHERE id = 2")
    if killed < 2:
        raise Failure("the job was too fast to be killed: this run proves little")
    s.stop_writer(writer)
    s.backfill("run", "job.yaml").says("is done")
    # Rows with an even id have been changed by the job alone (and one by us, above).
    s.expect("SELECT count(*) = 29999 FROM orders AS o JOIN orders_before AS b USING (id) WHERE "
             "id % 2 = 0 AND id <> 2 AND o.updated_at = b.updated_at AND o.version = b.version "
             "AND o.cents = round(o.total * 100)")
    s.expect("SELECT count(*) = 60 FROM orders WHERE seen_at IS NOT NULL AND id % 1000 = 0")
    s.expect("SELECT count(*) > 0 FROM orders AS o JOIN orders_before AS b USING (id) "
             "WHERE id % 2 = 1 AND o.version > b.version AND o.updated_at > b.updated_at")
    s.expect(TRIGGERS.format(0))
    s.expect(FUNCTIONS.format(0))
    refusals(s)
    left_behind(s)


def job_file(s, name, preserve):
    path = s.work / f"{name}.yaml"
    path.write_text(f"version: 1\nkind: backfill\nname: {name}\ntable: orders\n"
                    f"set: {{cents: 'cents + 0'}}\npreserve: {preserve}\n"
                    "pace: {connections: 1, rows_per_second: 2000}\n", encoding="utf-8")
    return path


def refusals(s):
    s.backfill("run", job_file(s, "both", "cents"), expect=2).says("is to be preserved")
    s.backfill("run", job_file(s, "no_such", "updated"), expect=3).says("does not exist",
                                                                          "updated_at")
    s.sql('CREATE TRIGGER "~last" BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()')
    s.backfill("run", job_file(s, "later", "updated_at"), expect=3).says("fire behind", "~last")
    s.sql('DROP TRIGGER "~last" ON orders')
    s.expect(TRIGGERS.format(0))


def left_behind(s):
    """A run that is stopped leaves no trigger; one that is killed leaves it to rollback."""
    path = job_file(s, "halfway", "[updated_at]")
    run = s.start("run", path)
    s.wait_until("SELECT count(*) > 0 FROM pg_trigger WHERE tgname LIKE '|halfway%'", run)
    run.signal(2)
    run.wait(expect=5)
    s.expect(TRIGGERS.format(0))
    run = s.start("run", path)
    s.wait_until("SELECT count(*) > 0 FROM pg_trigger WHERE tgname LIKE '|halfway%'", run)
    run.kill_nine()
    s.expect(TRIGGERS.format(1))
    s.backfill("rollback", path, "--yes")
    s.expect(TRIGGERS.format(0))
