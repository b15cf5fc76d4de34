"""A role loses pg_monitor while its job runs: the lag of the standby cannot be read any more, so the
job stops and names the GRANT; with it, it goes on. (Without the right from the start nothing is
touched: see missing_grants.)"""

from harness import exactly_once
from harness.reaction import goes_on, limited, stands_still

ROLE = "scenario_watcher"


def play(s):
    s.sql(f"DROP ROLE IF EXISTS {ROLE}; CREATE ROLE {ROLE} LOGIN PASSWORD '{s.server.password}';"
          f"GRANT SELECT, UPDATE ON counted TO {ROLE}; GRANT pg_monitor TO {ROLE};"
          f"CREATE SCHEMA backfill AUTHORIZATION {ROLE}")
    try:
        run = s.start("run", "job.yaml", url=s.server.url(s.database, user=ROLE))
        exactly_once.wait_for_progress(s, run, 0, exactly_once.rows_done)
        s.sql(f"REVOKE pg_monitor FROM {ROLE}")
        limited(s, run, "stopped: no reading of replica_lag for % may not see the position of "
                        "standby standby1% GRANT pg_monitor")
        stands_still(s)
        s.sql(f"GRANT pg_monitor TO {ROLE}")
        goes_on(s, run)
        run.wait(expect=0).says("GRANT pg_monitor", "time lost to replica_lag")
        exactly_once.check(s, "id")
    finally:
        s.sql(f"DROP OWNED BY {ROLE} CASCADE; DROP ROLE {ROLE}")
