"""The story of a scenario that has no scenario.py of its own."""

import json

from harness.scenario import Failure


def play(s):
    plan_touches_nothing(s)
    s.backfill("run", "job.yaml")
    s.check()
    s.backfill("verify", "job.yaml")
    s.backfill("gate", "job.yaml")
    status_says_done(s)
    second_run_changes_nothing(s)
    s.check()


def plan_touches_nothing(s):
    s.backfill("plan", "job.yaml")
    s.expect("SELECT to_regnamespace('backfill') IS NULL")


def status_says_done(s):
    answer = json.loads(s.backfill("status", "job.yaml", "--json").stdout)
    if answer.get("state") != "done":
        raise Failure(f"status --json does not say that the job is done: {answer}")


def newest_writer(s):
    """The newest transaction that wrote a row of the scenario's own tables."""
    tables = s.sql("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname "
                   "NOT IN ('backfill', 'pg_catalog', 'information_schema') ORDER BY 1")
    return [s.sql(f"SELECT count(*), max(xmin::text::bigint) FROM {table}")
            for table in tables.splitlines()]


def second_run_changes_nothing(s):
    before = newest_writer(s)
    s.backfill("run", "job.yaml").says("already")
    after = newest_writer(s)
    if before != after:
        raise Failure(f"the second run wrote rows: {before} became {after}")
