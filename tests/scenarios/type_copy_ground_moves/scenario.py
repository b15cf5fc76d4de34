"""A table that follows is walked along its own key, too: one that has become another table, or has
another key, between two runs is refused, and never taken for the one that the checkpoints are of.
What has been put in place can be taken back all the same."""

from harness import exactly_once
from harness.scenario import Failure

JOB = """version: 1
kind: type-copy
name: {schema}
table: {schema}.orders
columns: {{id: {{type: bigint}}}}
include_references: true
pace: {{connections: 1, rows_per_second: 3000, batch: {{fixed_rows: 200}}}}
"""


def half_way(s, schema):
    """A run that was killed when some rows of the child were copied and others were not."""
    path = s.work / f"{schema}.yaml"
    path.write_text(JOB.format(schema=schema), encoding="utf-8")

    def copied(scenario):
        there = scenario.holds(
            f"SELECT count(*) = 1 FROM pg_attribute WHERE attrelid = '{schema}.lines'::regclass "
            "AND attname = 'order_id__backfill_new'")
        return there and int(scenario.sql(f"SELECT count(order_id__backfill_new) FROM {schema}.lines"))

    run = s.start("run", path)
    exactly_once.wait_for_progress(s, run, 600, copied)
    run.kill_nine()
    if not 0 < copied(s) < 8000:
        raise Failure(f"the run in {schema} was not killed half way")
    return path


def refused(s, path, *words):
    for command in ("plan", "run", "verify", "switch"):
        s.backfill(command, path, expect=3).says(*words)


def taken_back(s, schema, path):
    s.backfill("rollback", path, "--yes").says("is rolled back")
    s.expect("SELECT count(*) = 0 FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid "
             f"WHERE c.relnamespace = '{schema}'::regnamespace AND attname ~ '__backfill' "
             "AND NOT attisdropped")
    s.expect("SELECT count(*) = 0 FROM pg_trigger WHERE tgname ~ '__backfill_sync$' AND "
             f"tgrelid IN ('{schema}.orders'::regclass, '{schema}.lines'::regclass)")
    s.backfill("run", path).says("has switched")
    s.expect(f"SELECT count(*) = 8000 FROM {schema}.lines WHERE order_id = order_id__backfill_old")
    s.backfill("drop", path)


def play(s):
    # A better key has come: the copy goes on along the one that it began with.
    path = half_way(s, "better")
    s.sql("ALTER TABLE better.lines ADD PRIMARY KEY (id)")
    s.backfill("run", path).says("has switched")
    s.expect("SELECT count(*) = 8000 FROM better.lines WHERE order_id = order_id__backfill_old")
    s.backfill("drop", path)

    # The key has gone, and there is another.
    path = half_way(s, "rekeyed")
    s.sql("ALTER TABLE rekeyed.lines DROP CONSTRAINT lines_u_key, ADD PRIMARY KEY (id)")
    refused(s, path, "rekeyed.lines", "u")
    taken_back(s, "rekeyed", path)

    # The same column orders its values in another way.
    path = half_way(s, "retyped")
    s.sql("ALTER TABLE retyped.lines ALTER u TYPE text")
    refused(s, path, "retyped.lines is another table, or has another key", '- key: "u" integer',
            '+ key: "u" text', "roll the job back")
    taken_back(s, "retyped", path)

    # Another table of the same name, without the new column and with it.
    path = half_way(s, "recreated")
    s.sql("DROP TABLE recreated.lines; SELECT child('recreated')")
    refused(s, path, "recreated.lines is another table", "(oid ")
    taken_back(s, "recreated", path)
    path = half_way(s, "lookalike")
    s.sql("DROP TABLE lookalike.lines; SELECT child('lookalike'); "
          "ALTER TABLE lookalike.lines ADD order_id__backfill_new bigint")
    refused(s, path, "lookalike.lines is another table", "(oid ")
    taken_back(s, "lookalike", path)
