"""A session holds the table for longer than the switch may wait. It is named, and terminated only
when that is asked for, by a role that may."""

import subprocess

from harness.scenario import Failure

ROLE = "scenario_switcher"
HOLDS = ("SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'sleeper' "
         "AND state = 'idle in transaction'")


def holder(s):
    """Somebody who has written and gone to lunch."""
    sleeper = subprocess.Popen(["psql", "-X", "-q", f"{s.url}?application_name=sleeper"],
                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, text=True)
    sleeper.stdin.write("BEGIN; UPDATE readings SET value = -value;\n")
    sleeper.stdin.flush()
    s.wait_until(HOLDS)
    return sleeper


def leave(sleeper):
    sleeper.kill()
    sleeper.wait()


def play(s):
    s.backfill("run", "job.yaml").says("is ready to switch")
    sleeper = holder(s)
    waits = s.start("switch", "job.yaml")
    s.wait_until("SELECT count(*) >= 3 FROM backfill.events WHERE reason = 'ddl_retry' AND "
                 "detail ->> 'text' ~ 'application sleeper'", waits)
    s.expect(HOLDS)
    waits.signal(2)
    waits.wait(expect=5)
    s.expect("SELECT count(*) = 0 FROM backfill.events WHERE reason ~ 'terminated'")

    s.sql(f"DROP ROLE IF EXISTS {ROLE}; CREATE ROLE {ROLE} LOGIN PASSWORD '{s.server.password}'")
    try:
        s.backfill("switch", "job.yaml", "--force", url=s.server.url(s.database, user=ROLE),
                   expect=3).says(f"role {ROLE} may not", "GRANT pg_signal_backend TO")
    finally:
        s.sql(f"DROP ROLE {ROLE}")
    s.expect(HOLDS)

    s.backfill("switch", "job.yaml", "--force").says("has switched")
    leave(sleeper)
    s.check()
    if "session_terminated" not in s.runs[-1].stderr:
        raise Failure("the log does not name who was terminated")
