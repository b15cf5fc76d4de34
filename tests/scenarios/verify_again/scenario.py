"""A done job that is verified again stays done, with its time and totals, also when the verifying is
interrupted; rows that differ close the gate, and a run mends them and opens it again."""

import json
import signal

from harness.scenario import Failure

DONE_AT = "SELECT finished_at FROM backfill.jobs"


def play(s):
    s.backfill("run", "job.yaml")
    done_at = s.sql(DONE_AT)
    totals_are_shown(s)
    s.backfill("verify", "job.yaml")
    interrupted(s)
    if s.sql(DONE_AT) != done_at:
        raise Failure("verifying changed the time at which the job was done")
    s.backfill("gate", "job.yaml")

    s.sql("UPDATE users SET email_lower = 'Wrong' WHERE id IN (7, 19999)")
    s.backfill("verify", "job.yaml", expect=4).says("2 rows", "key 7", "no longer counts as done")
    s.backfill("gate", "job.yaml", expect=7).says("2 rows")
    s.backfill("run", "job.yaml")
    s.expect("SELECT count(*) = 0 FROM users WHERE email_lower IS DISTINCT FROM lower(email)")
    s.backfill("gate", "job.yaml")


def totals_are_shown(s):
    progress = json.loads(s.backfill("status", "job.yaml", "--json").stdout)["progress"]
    if progress["rows_done"] != 20000 or progress["rows_total"] != 20000:
        raise Failure(f"the status of a done job does not show its totals: {progress}")


def interrupted(s):
    run = s.start("verify", "slow.yaml")
    s.wait_until("SELECT count(*) > 0 FROM backfill.ranges WHERE phase = 'verify' AND NOT closed "
                 "AND keys_done > 0", run)
    s.backfill("gate", "job.yaml")
    run.signal(signal.SIGINT)
    run.wait(expect=5).says("backfill verify")
    s.backfill("gate", "job.yaml")
