"""A standby that is delayed on purpose (recovery_min_apply_delay) stops a job that watches it; named in
`ignore`, in the file or while the job runs, it does not."""

from harness import exactly_once
from harness.reaction import limited, of_standby, set_on_standby, standby_has_all, stands_still, told
from harness.scenario import Failure


def play(s):
    exactly_once_on_the_standby = "SELECT count(*) FROM counted WHERE n % 10 = 1"
    standby_has_all(s)
    set_on_standby(s, "recovery_min_apply_delay", "1h")
    try:
        run = s.start("run", "job.yaml")
        limited(s, run, "stopped: lag of standby1")
        done = stands_still(s)
        if not 0 < done < 60000:
            raise Failure(f"{done} rows were changed before the job stopped")
        s.backfill("set", "delayed_standby", "throttle.replica_lag.ignore=standby1")
        run.wait(expect=0)
        exactly_once.check(s, "id")
        s.expect(told("standby1 is no longer waited for: throttle.replica_lag.ignore names"))
        if of_standby(s, exactly_once_on_the_standby) != "0":
            raise Failure("the standby was not delayed")
        # The same from the file, and for the whole of a run.
        s.sql("DROP TABLE counted_before; "
              "CREATE TABLE counted_before AS SELECT id, n FROM counted; "
              "ALTER TABLE counted_before ADD PRIMARY KEY (id)")
        s.backfill("run", "ignoring.yaml").never_says("lag of standby1", "stopped: lag")
        s.expect("SELECT count(*) = 0 FROM counted_before AS b JOIN counted AS c USING (id) "
                 "WHERE c.n IS DISTINCT FROM b.n + 1")
    finally:
        set_on_standby(s, "recovery_min_apply_delay", None)
    standby_has_all(s)
