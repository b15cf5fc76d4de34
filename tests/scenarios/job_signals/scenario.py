"""A window, a flag file, the log's rate, the archive and an old snapshot hold a job back; each says
so, and when it is over the job goes on."""

import datetime
import subprocess

from harness import exactly_once
from harness.reaction import goes_on, limited

JOB = "job_signals"


def closed_window():
    """A window that neither is open now nor opens soon, whatever the hour."""
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = (now + datetime.timedelta(hours=hours) for hours in (8, 9))
    return f"{begin:%H:%M}-{end:%H:%M} UTC"


def a_zone_that_does_not_exist_is_refused(s, environment):
    s.backfill("run", "job.yaml", expect=3,
               environment={**environment, "WINDOW": "22:00-06:00 Europe/Atlantis"}).says(
                   "no time zone", "Europe/Atlantis")
    s.backfill("lint", "job.yaml", expect=2, url="",
               environment={**environment, "WINDOW": "22:00-06:00"}).says("time zone is wanted")


def nothing_begins_outside_of_the_window(s, environment):
    closed = {**environment, "WINDOW": closed_window()}
    s.backfill("run", "job.yaml", "--no-wait", expect=5, environment=closed).says(
        "outside of the window", "backfill run")
    run = s.start("run", "job.yaml", environment=closed)
    limited(s, run, "outside of the window")
    s.expect("SELECT count(*) = 0 FROM pg_attribute WHERE attrelid = 'counted'::regclass "
             "AND attname = 'fresh'")
    s.backfill("set", JOB, "throttle.window=always").says("has confirmed")
    goes_on(s, run)
    return run


def the_flag_file_stops_it(s, run, flag):
    flag.touch()
    limited(s, run, "the flag file")
    flag.unlink()
    goes_on(s, run)


def limits_of_the_server(s, run):
    s.backfill("set", JOB, "throttle.wal_rate.slow=1kB/s", "throttle.wal_rate.stop=2kB/s")
    limited(s, run, "the log grows by")
    s.backfill("set", JOB, "throttle.wal_rate.slow=1GB/s", "throttle.wal_rate.stop=2GB/s")
    goes_on(s, run)
    # Nothing is archived here: the signal is read, and is at rest.
    s.backfill("set", JOB, "throttle.archive_backlog.slow=1", "throttle.archive_backlog.stop=2")
    goes_on(s, run)


def an_old_snapshot(s, run):
    holder = subprocess.Popen(["psql", "-X", "-q", s.url, "-c",
                               "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_sleep(120)"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        s.backfill("set", JOB, "throttle.xmin_age.slow=5", "throttle.xmin_age.stop=10")
        limited(s, run, "holds VACUUM back by")
    finally:
        holder.kill()
        holder.wait()
        s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
              "WHERE datname = current_database() AND query LIKE '%pg_sleep(120)%' "
              "AND pid <> pg_backend_pid()")
    goes_on(s, run)


def play(s):
    flag = s.work / "stop-the-job"
    environment = {"FLAG": str(flag)}
    a_zone_that_does_not_exist_is_refused(s, environment)
    run = nothing_begins_outside_of_the_window(s, environment)
    the_flag_file_stops_it(s, run, flag)
    limits_of_the_server(s, run)
    an_old_snapshot(s, run)
    s.backfill("set", JOB, "--reset", "throttle.xmin_age.slow", "throttle.xmin_age.stop")
    s.backfill("stop", JOB).says("has stopped")
    run.wait(expect=5).says("time lost to window", "time lost to flag_file", "time lost to wal_rate",
                            "time lost to xmin_age")
    s.backfill("set", JOB, "pace.rows_per_second=null")
    s.backfill("run", "job.yaml", environment=environment)
    exactly_once.check(s, "id")
