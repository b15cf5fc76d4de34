"""The plain SQL project of docs/examples: each file in one transaction, as a migration tool sends
it, under a role that owns the table and has nothing of the control schema but USAGE."""

import subprocess

from harness.scenario import Failure
from harness.server import ROOT

PROJECT = ROOT / "docs/examples/sql-migrations"
JOB = PROJECT / "jobs/20260301_0900_normalize_emails.yaml"
ROLE = "scenario_migrator"


def migrate(s, number, expect_error=None):
    """What the server answers."""
    (file,) = PROJECT.glob(f"V{number}__*.sql")
    url = s.server.url(s.database, user=ROLE)
    done = subprocess.run(["psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-v",
                           "VERBOSITY=verbose", url, "-f", file], capture_output=True, text=True,
                          check=False, timeout=300)
    for words in expect_error or ():
        if done.returncode == 0 or words not in done.stderr:
            raise Failure(f"{file.name} does not say {words!r}:\n{done.stderr}")
    if not expect_error and done.returncode != 0:
        raise Failure(f"{file.name}:\n{done.stderr}")


def play(s):
    s.sql(f"DROP ROLE IF EXISTS {ROLE}; CREATE ROLE {ROLE} LOGIN PASSWORD '{s.server.password}';"
          f"ALTER TABLE users OWNER TO {ROLE}; GRANT CREATE ON SCHEMA public TO {ROLE}")
    try:
        migrate(s, 1)
        migrate(s, 2, expect_error=['"backfill" does not exist'])
        held = s.session("BEGIN; UPDATE users SET email = email WHERE id = 1; SELECT pg_sleep(600)")
        s.wait_until("SELECT count(*) = 1 FROM pg_locks WHERE relation = 'users'::regclass AND mode "
                     "= 'RowExclusiveLock'", held)
        run = s.start("run", JOB)
        s.wait_until("SELECT to_regclass('backfill.jobs') IS NOT NULL", run)
        s.sql(f"GRANT USAGE ON SCHEMA backfill TO {ROLE}")
        s.wait_until("SELECT count(*) = 1 FROM backfill.jobs WHERE phase = 'copy'", run)
        migrate(s, 2, expect_error=["BF003", "still running, in phase copy",
                                    "backfill gate normalize_emails --wait 1h"])
        s.expect("SELECT count(*) = 0 FROM pg_constraint WHERE conname = 'email_normalized_present'")
        held.kill_nine()
        s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE "
              "'%pg_sleep(600)%' AND pid <> pg_backend_pid()")
        run.wait(0)
        migrate(s, 2)
        migrate(s, 3)
        s.expect("SELECT convalidated FROM pg_constraint WHERE conname = 'email_normalized_present'")
    finally:
        s.sql(f"ALTER TABLE users OWNER TO CURRENT_USER; DROP OWNED BY {ROLE} CASCADE; "
              f"DROP ROLE {ROLE}")
