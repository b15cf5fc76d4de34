"""The server has no connection left: a run waits with that reason and begins when one comes free; with
too few for all of its own it works with those that it gets."""

from harness import exactly_once
from harness.reaction import goes_on

ROLE = "scenario_ordinary"
REASON = "remaining connection slots are reserved"
RUNNERS_OWN = 4  # beside those of the batches: control, heartbeat, signals, lock waits
OURS = ("SELECT count(*) = {} FROM pg_stat_activity "
        "WHERE application_name = 'backfill: connection_limit'")


def crowd(s, leaving):
    """Sessions of others that do nothing, as many as leave so many connections free."""
    free = int(s.sql("SELECT current_setting('max_connections')::int "
                     "- current_setting('superuser_reserved_connections')::int - count(*) "
                     "FROM pg_stat_activity WHERE backend_type = 'client backend' "
                     "AND pid <> pg_backend_pid()"))
    script = s.work / "idle.sql"
    script.write_text("SELECT 1;\n\\sleep 600 s\n", encoding="utf-8")
    others = s.writer("-n", "-c", str(free - leaving), "-j", "1", "-t", "1", "-f", script)
    s.wait_until(f"SELECT count(*) = {free - leaving} FROM pg_stat_activity "
                 "WHERE application_name = 'pgbench' AND state = 'idle'", others)
    return others


def leave(s, others):
    others.kill_nine()
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
          "WHERE application_name = 'pgbench'")
    s.wait_until("SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'pgbench'")


def none_is_free(s, url):
    others = crowd(s, leaving=0)
    try:
        run = s.start("run", "job.yaml", url=url)
        run.wait_until_it_says(REASON)
        s.expect("SELECT to_regclass('backfill.jobs') IS NULL")
    finally:
        leave(s, others)
    goes_on(s, run)
    s.backfill("stop", "connection_limit")
    run.wait(expect=5)


def too_few_are_free(s, url):
    others = crowd(s, leaving=RUNNERS_OWN + 1)
    try:
        run = s.start("run", "job.yaml", url=url)
        s.wait_until(OURS.format(RUNNERS_OWN + 1), run)
        goes_on(s, run)
        s.expect(OURS.format(RUNNERS_OWN + 1))
    finally:
        leave(s, others)
    s.wait_until(OURS.format(RUNNERS_OWN + 4), run)
    run.wait(expect=0)


def play(s):
    s.sql(f"DROP ROLE IF EXISTS {ROLE}; CREATE ROLE {ROLE} LOGIN PASSWORD '{s.server.password}';"
          f"GRANT SELECT, UPDATE ON counted TO {ROLE}; GRANT pg_monitor TO {ROLE};"
          f"CREATE SCHEMA backfill AUTHORIZATION {ROLE}")
    # As a user that has no reserved place; the scenario's own questions come from one that has.
    url = s.server.url(s.database, user=ROLE)
    try:
        none_is_free(s, url)
        too_few_are_free(s, url)
        exactly_once.check(s, "id")
    finally:
        s.sql(f"DROP OWNED BY {ROLE} CASCADE; DROP ROLE {ROLE}")
