"""Checkpoints are positions in one key of one table: a job whose table or key has become another one
between two runs goes on along the old key, or is refused; it never takes them for positions there."""

from harness import exactly_once
from harness.scenario import Failure

JOB = """version: 1
kind: backfill
table: {table}
set: {{n: n + 1}}
pace: {{connections: 2, rows_per_second: 8000, batch: {{fixed_rows: 200}}}}
"""


def job(s, table):
    path = s.work / f"{table}.yaml"
    path.write_text(JOB.format(table=table), encoding="utf-8")
    return path


def half_way(s, table):
    """A run that was killed when some rows were done and others were not."""
    path = job(s, table)

    def done(scenario):
        return int(scenario.sql(f"SELECT count(*) FROM {table} WHERE n = 1"))

    run = s.start("run", path)
    exactly_once.wait_for_progress(s, run, 1000, done)
    run.kill_nine()
    if not 0 < done(s) < 20000:
        raise Failure(f"the run on {table} was not killed half way")
    return path


def counts(s, table):
    return s.sql(f"SELECT string_agg(n || ':' || c, ' ' ORDER BY n) FROM (SELECT n, count(*) AS c "
                 f"FROM {table} GROUP BY n) AS g")


def refused(s, table, *words, change, **environment):
    path = half_way(s, table)
    s.sql(change)
    before = counts(s, table)
    for command in ("run", "verify"):
        s.backfill(command, path, expect=3, **environment).says(*words)
    s.backfill("gate", table, expect=7)
    if counts(s, table) != before:
        raise Failure(f"a refused run has changed {table}: {before}, now {counts(s, table)}")


def play(s):
    # A better key has come: the job keeps the one that it began with.
    path = half_way(s, "better_key")
    s.sql("ALTER TABLE better_key ADD PRIMARY KEY (id)")
    s.backfill("plan", path).says("key     u ")
    s.backfill("run", path)
    s.expect("SELECT bool_and(n = 1) FROM better_key")
    s.backfill("verify", path)

    # The key has gone.
    refused(s, "other_key", "u",
            change="ALTER TABLE other_key DROP CONSTRAINT other_key_pkey, ADD PRIMARY KEY (id)")
    # The same column orders its values in another way.
    refused(s, "retyped", '- key: "u" integer', '+ key: "u" text', "name",
            change="ALTER TABLE retyped ALTER u TYPE text")
    refused(s, "collated", "- key", "+ key", "C",
            change='ALTER TABLE collated ALTER u TYPE text COLLATE "C"')
    # Another table of the same name.
    refused(s, "recreated", "- table", "+ table",
            change="DROP TABLE recreated; SELECT make('recreated')")
    refused(s, "twice", '"s2"."twice"', change="SELECT 1",
            environment={"PGOPTIONS": "-c search_path=s2"})
    s.expect("SELECT bool_and(n = 0) FROM s2.twice")
    s.backfill("run", s.work / "twice.yaml")
    s.expect("SELECT bool_and(n = 1) FROM public.twice")
