"""A key changes its type together with everything that points at it, beside live writers on all of
the tables, with kill -9 at random moments of every command. A twin schema that has the new types
from its beginning gets the same writes."""

from harness.kills import until_done
from harness.scenario import Failure


def same_as_twin(s):
    if s.psql(["-A", "-t", "-f", s.folder / "lost.sql"]).strip() != "t":
        raise Failure("the tables and their twins hold different rows")


def same_shape(s, wanted, like):
    ours = "SELECT what FROM shape WHERE of_schema = 'shop'"
    answer = s.sql(f"({ours} EXCEPT ALL {wanted}) UNION ALL ({wanted} EXCEPT ALL {ours})")
    if answer:
        raise Failure(f"the tables are not like {like}:\n{answer}")


def start_writer(s):
    return s.writer("-n", "-c", "2", "-R", "150", "-T", "600", "--max-tries", "100",
                    "-f", "insert.sql@4", "-f", "point.sql@3", "-f", "move.sql@1", "-f",
                    "delete.sql@1")


def still_writing(writer):
    if writer.ended:
        raise Failure(f"the writer has ended with {writer.code}")


def plan_shows_everything(s):
    s.backfill("plan", "job.yaml").says(
        "follows: shop.lines.order_id changes with shop.orders.id (foreign key lines_order_fkey)",
        "follows: shop.orders.parent_id changes with shop.orders.id",
        "follows: shop.remarks.order_id changes with shop.invoices.order_id",
        "follows: shop.shipments.order_id changes with shop.orders.id",
        'ALTER TABLE "shop"."lines" ADD COLUMN IF NOT EXISTS "order_id__backfill_new" bigint',
        'UPDATE "shop"."remarks" SET "order_id__backfill_new"',
        'ALTER TABLE "shop"."remarks" RENAME COLUMN "order_id" TO "order_id__backfill_old"',
        'ADD CONSTRAINT "shipments_order_fkey__backfill_new"',
        'VALIDATE CONSTRAINT "shipments_order_fkey__backfill_new"',
        'LOCK TABLE "shop"."invoices", "shop"."lines", "shop"."orders", "shop"."remarks", '
        '"shop"."shipments" IN ACCESS EXCLUSIVE MODE',
        'ALTER TABLE "shop"."invoices" DROP COLUMN IF EXISTS "order_id__backfill_old"')
    s.expect("SELECT to_regnamespace('backfill') IS NULL")


def too_large_for_the_way_back(s):
    """What the old type cannot hold stands in the parent and in a child."""
    for schema in ("shop", "twin"):
        s.sql(f"INSERT INTO {schema}.orders (id, tenant) VALUES (3000000000, 1)")
        s.sql(f"INSERT INTO {schema}.lines (order_id, no, amount) VALUES (3000000000, 1, 1)")
    s.backfill("rollback", "job.yaml", "--yes", expect=4).says("3000000000", "nothing was rolled")
    s.expect("SELECT count(*) = 1 FROM shop.lines WHERE order_id = 3000000000")
    for schema in ("shop", "twin"):
        s.sql(f"DELETE FROM {schema}.orders WHERE id = 3000000000")


def a_newcomer_keeps_the_switch_waiting(s):
    """A foreign key that was made behind our back has no new column to move to."""
    run = s.start("run", "job.yaml")
    s.wait_until("SELECT count(*) = 1 FROM pg_attribute WHERE attname = 'id__backfill_new'", run)
    s.sql("ALTER TABLE shop.aside ADD CONSTRAINT newcomer FOREIGN KEY (order_id) "
          "REFERENCES shop.orders (id)")
    run.wait(expect=3)
    run.says("foreign key newcomer on shop.aside", "roll the job back")
    s.backfill("plan", "job.yaml", expect=3).says("newcomer")
    s.sql("ALTER TABLE shop.aside DROP CONSTRAINT newcomer")


def play(s):
    writer = start_writer(s)
    plan_shows_everything(s)
    if until_done(s, "run", "job.yaml", longest=1.2, kills=10) < 4:
        raise Failure("too few kills came midway: this run proves little")
    same_as_twin(s)
    s.check()
    still_writing(writer)
    too_large_for_the_way_back(s)
    until_done(s, "rollback", "job.yaml", "--yes", longest=1.0, kills=6)
    same_as_twin(s)
    same_shape(s, "SELECT what FROM shape_before", "they were")
    still_writing(writer)
    a_newcomer_keeps_the_switch_waiting(s)
    until_done(s, "run", "job.yaml", longest=1.2, kills=4)
    s.backfill("verify", "job.yaml").says("0 rows differ")
    until_done(s, "drop", "job.yaml", longest=0.3, kills=4)
    s.check()
    still_writing(writer)
    s.stop_writer(writer)
    same_as_twin(s)
    same_shape(s, "SELECT what FROM shape WHERE of_schema = 'twin'", "ones made so")
    s.expect("SELECT count(*) = 0 FROM pg_class WHERE relname ~ '__backfill_'")
    s.expect("SELECT count(*) = 0 FROM pg_proc WHERE proname ~ '__backfill_sync$'")
    s.expect("SELECT count(*) > 0 FROM shop.orders WHERE id > 20000")
    s.expect("SELECT nextval(pg_get_serial_sequence('shop.orders', 'id')) = 90001")
    s.backfill("gate", "job.yaml")
