"""Where stripes cannot help, for an index holds the changed column, VACUUM between the batches keeps the table
small: against a twin in the same run that nobody vacuums."""

from harness import exactly_once
from harness.scenario import Failure


def grown_by(s, table, before):
    return int(s.sql(f"SELECT pg_total_relation_size('{table}')")) - before


def play(s):
    before = int(s.sql("SELECT pg_total_relation_size('counted')"))
    s.backfill("plan", "job.yaml").says("VACUUM (TRUNCATE false, PARALLEL 0)", "VACUUM (ANALYZE")
    s.backfill("run", "job.yaml").says("vacuum_done")
    s.backfill("run", "twin.yaml").never_says("ANALYZE")
    s.check()
    exactly_once.check(s, "id")
    vacuumed, never = grown_by(s, "counted", before), grown_by(s, "twin", before)
    if vacuumed > 0.6 * never or vacuumed > 0.6 * before:
        raise Failure(f"grown by {vacuumed} bytes with VACUUM, by {never} without, from {before}")
