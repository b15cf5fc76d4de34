"""pause, resume and stop reach a run from another session; a pause outlives the runner."""

import json
import time

from harness import exactly_once
from harness.scenario import Failure

JOB = "pause_and_resume"


def stands_still(s, seconds=1.0):
    """No row changes for a while."""
    before = exactly_once.rows_done(s)
    time.sleep(seconds)
    after = exactly_once.rows_done(s)
    if after != before:
        raise Failure(f"{after - before} rows changed while the job was paused")


def goes_on(s, run):
    exactly_once.wait_for_progress(s, run, exactly_once.rows_done(s),
                                   exactly_once.rows_done)


def status(s):
    return json.loads(s.backfill("status", JOB, "--json").stdout)


def what_makes_no_sense(s):
    s.backfill("pause", "no_such_job", expect=1).says("never run")
    s.backfill("pause", expect=2)
    s.backfill("pause", JOB, "twice", expect=2)
    s.backfill("resume", "missing_file.yaml", expect=2)


def pause_a_run(s, run):
    s.backfill("pause", JOB).says("is paused", "has confirmed", "backfill resume")
    s.wait_until("SELECT progress ->> 'limited_by' LIKE 'paused by %' FROM backfill.status", run)
    stands_still(s)
    paused = status(s)["paused"]
    if not paused or "@" not in paused["by"]:
        raise Failure(f"status does not say who paused the job: {paused}")
    s.backfill("status", JOB).says("copy, paused", "paused by", "backfill resume")
    s.backfill("pause", JOB).says("paused already")


def a_pause_outlives_the_runner(s, run):
    run.kill_nine()
    ended = s.backfill("run", "job.yaml", "--no-wait", expect=5)
    ended.says("paused by", f"backfill resume {JOB}")
    waiting = s.start("run", "job.yaml")
    s.wait_until("SELECT held AND progress ->> 'limited_by' LIKE 'paused by %' "
                 "FROM backfill.status", waiting)
    stands_still(s)
    s.backfill("resume", JOB).says("is resumed", "has confirmed")
    goes_on(s, waiting)
    s.backfill("resume", JOB).says("is not paused")
    return waiting


def stop_a_run(s, run):
    s.backfill("stop", JOB).says("has stopped")
    run.wait(expect=5, timeout=30).says("stop asked by", "backfill run", "time lost to pause")
    s.backfill("stop", JOB).says("nothing to stop")


def a_stop_of_a_paused_run(s):
    s.backfill("pause", JOB).says("nobody runs it now")
    run = s.start("run", "job.yaml")
    s.wait_until("SELECT held AND progress ->> 'limited_by' LIKE 'paused by %' "
                 "FROM backfill.status", run)
    s.backfill("stop", JOB, "--cancel").says("has stopped")
    run.wait(expect=5, timeout=30)
    s.backfill("resume", JOB).says("nobody runs it now")


def everything_is_in_the_events(s):
    s.expect("SELECT array_agg(reason ORDER BY id) = "
             "'{pause,resume,stop,pause,stop,resume}' FROM backfill.events WHERE kind = 'command'")
    s.expect("SELECT bool_and(detail ->> 'by' LIKE '%@%' AND detail ->> 'role' = session_user "
             "AND detail ? 'address' AND detail ? 'pid') FROM backfill.events "
             "WHERE kind = 'command'")
    s.expect("SELECT count(*) > 0 FROM backfill.events WHERE reason = 'time_lost' "
             "AND detail ->> 'text' LIKE '%pause: %'")


def play(s):
    s.backfill("pause", JOB, expect=1).says("never run")
    run = s.start("run", "job.yaml")
    goes_on(s, run)
    what_makes_no_sense(s)
    pause_a_run(s, run)
    run = a_pause_outlives_the_runner(s, run)
    stop_a_run(s, run)
    a_stop_of_a_paused_run(s)
    everything_is_in_the_events(s)
    s.backfill("set", JOB, "pace.rows_per_second=null").says("1000 → null")
    s.backfill("run", "job.yaml")
    exactly_once.check(s, "id")
    s.backfill("pause", JOB, expect=3).says("done already")
    s.backfill("gate", JOB)
