"""kill -9 at random moments, four workers, a composite key, beside a live writer."""

from harness import exactly_once
from harness.scenario import Failure


def play(s):
    writer = s.writer("-n", "-c", "2", "-R", "300", "-T", "600", "-f", "writer.sql")
    midway = exactly_once.kill_at_random(s)
    s.stop_writer(writer)
    if midway < 3:
        raise Failure(f"only {midway} kills came midway: this run proves little")
    s.expect("SELECT count(*) > 0 FROM counted WHERE note <> ''")
    s.expect("SELECT count(*) > 0 FROM counted_before b WHERE NOT EXISTS (SELECT FROM counted c "
             "WHERE (c.tenant, c.code) = (b.tenant, b.code))")
    exactly_once.check(s, "tenant, code")
    s.backfill("run", "job.yaml").says("already")
    exactly_once.check(s, "tenant, code")
    s.backfill("gate", "kill_nine_composite")
