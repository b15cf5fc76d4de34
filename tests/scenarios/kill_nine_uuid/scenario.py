"""kill -9 at random moments, four workers, a uuid key, beside a live writer."""

from harness import exactly_once
from harness.scenario import Failure


def play(s):
    writer = s.writer("-n", "-c", "2", "-R", "300", "-T", "600", "-f", "writer.sql")
    midway = exactly_once.kill_at_random(s)
    s.stop_writer(writer)
    if midway < 3:
        raise Failure(f"only {midway} kills came midway: this run proves little")
    s.expect("SELECT count(*) > 0 FROM counted WHERE note <> ''")
    s.expect("SELECT count(*) < 120000 FROM counted_before JOIN counted USING (id)")
    s.expect("SELECT count(*) > 0 FROM counted LEFT JOIN counted_before USING (id) "
             "WHERE counted_before.id IS NULL")
    exactly_once.check(s, "id")
    s.backfill("run", "job.yaml").says("already")
    exactly_once.check(s, "id")
