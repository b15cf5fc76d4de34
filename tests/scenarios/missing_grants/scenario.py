"""A role that may not use the control schema, nor see the standby, is told both at once, with what to
type; with it the job runs."""

ROLE = "scenario_worker"


def play(s):
    s.backfill("run", "other.yaml")  # as the superuser: the control schema is not the role's own
    s.sql(f"DROP ROLE IF EXISTS {ROLE}; CREATE ROLE {ROLE} LOGIN PASSWORD '{s.server.password}';"
          f"GRANT SELECT, UPDATE ON items TO {ROLE}")
    worker = s.server.url(s.database, user=ROLE)
    try:
        s.backfill("run", "job.yaml", url=worker, expect=3).says(
            "may not use schema backfill", "GRANT USAGE, CREATE ON SCHEMA backfill",
            "GRANT pg_monitor", 'ignore: ["standby1"]').never_says("permission denied")
        s.sql(f"GRANT pg_monitor TO {ROLE}; GRANT USAGE ON SCHEMA backfill TO {ROLE};"
              f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA backfill TO {ROLE}")
        s.backfill("run", "job.yaml", url=worker)
        s.expect("SELECT count(*) = 0 FROM items WHERE upper_name IS DISTINCT FROM upper(name)")
    finally:
        s.sql(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")
