"""A role without pg_monitor asks the standby itself how far it is: a pause of its replay stops the job,
which goes on when it is over. What is no standby stops it, too; no password is shown."""

import urllib.parse

from harness import exactly_once
from harness.reaction import goes_on, limited, of_standby, standby_has_all, stands_still
from harness.scenario import Failure

ROLE = "scenario_asker"
SECRET = "of-the-asker-alone"


def asks(s, run, standby):
    exactly_once.wait_for_progress(s, run, 0, exactly_once.rows_done)
    of_standby(s, "SELECT pg_wal_replay_pause()")
    try:
        limited(s, run, f"stopped: lag of {standby} % its replay is paused")
        stands_still(s)
    finally:
        of_standby(s, "SELECT pg_wal_replay_resume()")
    goes_on(s, run)


def what_is_no_standby(s, worker, environment):
    run = s.start("run", "job.yaml", url=worker, environment=environment)
    limited(s, run, "stopped: waiting for the first reading of replica_lag:% is no standby")
    if exactly_once.rows_done(s) != 0:
        raise Failure("rows were changed before the standby was read")
    s.backfill("stop", "standby_asked")
    run.wait(expect=5)


def what_makes_no_sense(s, worker):
    for command in ("run", "plan"):
        run = s.start(command, "job.yaml", url=worker,
                      environment={"STANDBY": f"postgresql://x:{SECRET}@host:port/app"})
        run.wait(expect=2 if command == "run" else 3)
        run.says("throttle.replica_lag.standbys").never_says(SECRET)


def play(s):
    s.sql(f"DROP ROLE IF EXISTS {ROLE}; CREATE ROLE {ROLE} LOGIN PASSWORD '{SECRET}';"
          f"GRANT SELECT, UPDATE ON counted TO {ROLE}; CREATE SCHEMA backfill AUTHORIZATION {ROLE}")
    standby_has_all(s)
    worker = s.server.url(s.database, user=ROLE, password=SECRET)
    standby = s.server.url(s.database, role="standby", user=ROLE, password=SECRET)
    try:
        what_makes_no_sense(s, worker)
        what_is_no_standby(s, worker, {"STANDBY": worker})
        run = s.start("run", "job.yaml", url=worker, environment={"STANDBY": standby})
        place = urllib.parse.urlsplit(standby)
        asks(s, run, f"{place.hostname}:{place.port}")
        run.wait(expect=0).says(f"time lost to replica_lag:{place.hostname}:{place.port}")
        exactly_once.check(s, "id")
        for run in s.runs:
            run.never_says(SECRET)
        for table in ("jobs", "events", "settings", "leases"):
            s.expect(f"SELECT count(*) = 0 FROM backfill.{table} AS r "
                     f"WHERE strpos(r::text, '{SECRET}') > 0")
    finally:
        s.sql(f"DROP OWNED BY {ROLE} CASCADE; DROP ROLE {ROLE}")
