"""A role with what docs/examples/grants.sql gives it, and nothing else: refused without, right with
it, in a database where it makes the control schema and in one where another role has."""

import subprocess

from harness.scenario import Failure
from harness.server import ROOT

ROLES = ("scenario_first", "scenario_second")


def grant(s, role):
    done = subprocess.run(["psql", "-qX", s.url, "-v", f"role={role}", "-v", 'table="Shop".users',
                           "-v", 'columns="emailNormalized"', "-f",
                           ROOT / "docs/examples/grants.sql"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"grants.sql: {done.stderr}")


def play(s):
    drop = "; ".join(f"DROP ROLE IF EXISTS {role}" for role in ROLES)
    s.sql(drop)
    try:
        for role in ROLES:
            s.sql(f"CREATE ROLE {role} LOGIN PASSWORD '{s.server.password}'")
        for role in ROLES:
            url = s.server.url(s.database, user=role)
            s.backfill("run", "job.yaml", url=url, expect=3).says(
                f'GRANT USAGE ON SCHEMA "Shop" TO {role}')
            grant(s, role)
            grant(s, role)
            s.backfill("plan", "job.yaml", url=url)
            s.backfill("run", "job.yaml", url=url)
            s.check()
            s.backfill("status", "least_privileges", url=url).says("done")
            s.backfill("verify", "job.yaml", url=url)
            # No more than it needs.
            s.expect(f"SELECT NOT has_column_privilege('{role}', '\"Shop\".users', 'secret', 'UPDATE')"
                     f" AND NOT has_table_privilege('{role}', '\"Shop\".users', 'INSERT, DELETE')"
                     f" AND NOT has_database_privilege('{role}', current_database(), 'CREATE')")
            # For the second role there is a control schema, which is another's.
            s.sql('UPDATE "Shop".users SET "emailNormalized" = NULL; '
                  "DELETE FROM backfill.jobs WHERE name = 'least_privileges'")
    finally:
        s.sql(f"DROP OWNED BY {', '.join(ROLES)}; {drop}")
