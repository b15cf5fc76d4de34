"""set changes a run as it goes, all settings of one command or none, and outlives the runner."""

import json

from harness import exactly_once
from harness.scenario import Failure

JOB = "set_live"


def settings(s):
    answer = json.loads(s.backfill("status", JOB, "--json").stdout)
    return {setting["key"]: setting["value"] for setting in answer["settings"]}


def demand(s, expected):
    found = settings(s)
    if found != expected:
        raise Failure(f"set is {found}, expected {expected}")


def what_is_refused_changes_nothing(s):
    for words, reason in (
            (["pace.connections=0"], "a whole number from 1 to 64"),
            (["pace.connections="], "needs a value"),
            (["pace.conections=2"], "did you mean pace.connections"),
            (["pace.connections=2", "throttle.replica_lag.slow=9s"], "must be below"),
            (["pace.connections=2", "pace.nonsense=1"], "unknown setting"),
            (["pace.connections=2", "pace.connections=3"], "given twice"),
            (["throttle.query.sql=SELECT 1"], "job file alone"),
            (["where=true"], "cannot change"),
            (["throttle.window=22:00-06:00 Mars/Base"], 'knows no time zone "Mars/Base"'),
            (["pace.batch.target=1s'); DROP TABLE counted; --"], "pace.batch.target"),
            (["--reset", "pace.nonsense"], "unknown setting"),
            (["pace.connections"], "no value"),
            ([], "key=value")):
        s.backfill("set", JOB, *words, expect=2).says(reason)
    demand(s, {})
    s.expect("SELECT count(*) = 0 FROM backfill.events WHERE kind = 'command'")


SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'backfill: set_live'"


def set_while_it_runs(s, run):
    before = int(s.sql(SESSIONS))
    s.backfill("set", JOB, "throttle.replica_lag.slow=8s", "throttle.replica_lag.stop=20s",
               "pace.connections=3").says("→ 20s", "1 → 3", "has confirmed")
    # Two more for batches; whatever else the run has stays.
    s.wait_until(f"SELECT ({SESSIONS}) = {before + 2}", run)
    s.expect("SELECT detail -> 'old' ->> 2 = '1' AND detail -> 'new' ->> 2 = '3' AND "
             "detail -> 'key' ->> 2 = 'pace.connections' FROM backfill.events "
             "WHERE kind = 'command'")
    s.backfill("status", JOB).says("pace.connections=3 (file: 1)")


def what_stands_in_the_tables_is_not_trusted(s, run):
    """Whoever writes there by hand reaches no further than set does."""
    s.sql("UPDATE backfill.settings SET value = '1; DROP TABLE counted' "
          "WHERE key = 'pace.batch.fixed_rows'; INSERT INTO backfill.settings (job_id, key, value) "
          "SELECT id, 'throttle.query.sql', 'SELECT pg_sleep(60)' FROM backfill.jobs")
    s.wait_until("SELECT count(*) = 2 FROM backfill.events WHERE reason = 'setting_refused'", run)
    s.sql("UPDATE backfill.settings SET value = NULL WHERE key = 'pace.batch.fixed_rows'; "
          "DELETE FROM backfill.settings WHERE key = 'throttle.query.sql'")


def it_outlives_the_runner(s, run):
    run.kill_nine()
    run = s.start("run", "job.yaml")
    s.wait_until("SELECT held FROM backfill.status", run)
    s.backfill("set", JOB, "--reset", "throttle.replica_lag.slow",
               "throttle.replica_lag.stop").says("20s → 5s")
    demand(s, {"pace.connections": "3"})
    s.backfill("set", JOB, "pace.rows_per_second=150").says("100 → 150", "has confirmed")
    s.backfill("stop", JOB)
    run.wait(expect=5)


def the_later_word_counts(s):
    """The file has been edited since `set`: its value is in force, the other settings stay."""
    s.backfill("run", "edited.yaml").says("the job file has been changed since")
    demand(s, {"pace.connections": "3"})
    s.expect("SELECT value IS NULL AND file_value = '30000' FROM backfill.settings "
             "WHERE key = 'pace.rows_per_second'")
    s.expect("SELECT count(*) = 1 FROM backfill.events WHERE reason = 'setting_dropped'")


def play(s):
    run = s.start("run", "job.yaml")
    exactly_once.wait_for_progress(s, run, 0, exactly_once.rows_done)
    what_is_refused_changes_nothing(s)
    set_while_it_runs(s, run)
    what_stands_in_the_tables_is_not_trusted(s, run)
    it_outlives_the_runner(s, run)
    the_later_word_counts(s)
    exactly_once.check(s, "id")
    s.backfill("set", JOB, "pace.connections=2", expect=3).says("done already")
