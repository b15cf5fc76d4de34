"""Through PgBouncer in transaction mode, whose sessions are anybody's from one transaction to the next:
kill -9 of the runner and of the pooler, live control, and each row once."""

from harness import exactly_once
from harness.bouncer import Bouncer
from harness.reaction import stands_still
from harness.scenario import Failure

ROWS = 60000


def play(s):
    bouncer = Bouncer(s, pool_size=3)
    try:
        kill_runners(s, bouncer)
        run = s.start("run", "job.yaml", url=bouncer.url)
        run.wait_until_it_says("behind a transaction pooler nobody can tell whom a batch keeps waiting")
        reached = exactly_once.rows_done(s)
        exactly_once.wait_for_progress(s, run, reached, exactly_once.rows_done)
        control(s, bouncer, run)
        bouncer.crash()
        run.wait_until_it_says("connection_lost")
        bouncer.start()
        s.backfill("set", "pgbouncer", "pace.rows_per_second=null", url=bouncer.url)
        run.wait(expect=0)
        s.backfill("gate", "pgbouncer", url=bouncer.url)
        exactly_once.check(s, "id")
        s.expect(f"SELECT rows_changed = {ROWS} FROM backfill.status WHERE name = 'pgbouncer'")
        # A statement that only one session knows would fail in another; a server that is left with
        # our settings would pass them on to whoever comes next.
        s.expect("SELECT count(*) = 0 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
        bouncer_says_nothing_of_ours(s, bouncer)
    finally:
        bouncer.stop()


def kill_runners(s, bouncer):
    for _ in range(4):
        reached = exactly_once.rows_done(s)
        run = s.start("run", "job.yaml", url=bouncer.url)
        exactly_once.wait_for_progress(s, run, reached, exactly_once.rows_done)
        run.kill_nine()


def control(s, bouncer, run):
    s.backfill("pause", "pgbouncer", url=bouncer.url)
    run.wait_until_it_says("paused")
    stands_still(s)
    s.backfill("status", "pgbouncer", url=bouncer.url).says("paused")
    s.backfill("resume", "pgbouncer", url=bouncer.url)
    reached = exactly_once.rows_done(s)
    exactly_once.wait_for_progress(s, run, reached, exactly_once.rows_done)


def bouncer_says_nothing_of_ours(s, bouncer):
    """The next user of a server session finds it as it was."""
    settings = ("SELECT current_setting('lock_timeout') = '0' "
                "AND current_setting('statement_timeout') = '0' "
                "AND current_setting('synchronous_commit') = 'on'")
    for _ in range(6):
        if s.sql(settings, bouncer.url) != "t":
            raise Failure("a setting of ours is left in a session of the pooler")
