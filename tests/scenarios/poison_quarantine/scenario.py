"""kill -9 at random moments of a job that sets bad rows aside: each of them is in quarantine once,
every other row is done exactly once. Then the rows are mended, and retry takes just them."""

import time

from harness import exactly_once
from harness.scenario import Failure

NAMED = ("SELECT (SELECT array_agg(tenant || ' ' || code ORDER BY tenant, code) FROM bad) = "
         "(SELECT array_agg(key[1] || ' ' || key[2] ORDER BY key[1]::int, key[2]) "
         "FROM backfill.quarantine)")


def kill_at_random(s, kills=6):
    reached = 0
    for kill in range(kills):
        run = s.start("run", "job.yaml")
        if kill % 2 == 0:
            exactly_once.wait_for_progress(s, run, reached, exactly_once.rows_done)
        time.sleep(s.rng.uniform(0.0, 0.7))
        if run.ended:
            run.wait(expect=4)
            return
        run.kill_nine()
        reached = exactly_once.rows_done(s)


def play(s):
    bad = int(s.sql("SELECT count(*) FROM bad"))
    if bad < 15:
        raise Failure(f"only {bad} rows are bad: this proves little")
    kill_at_random(s)
    ended = s.backfill("run", "job.yaml", expect=4)
    ended.says(f"{bad} rows are in quarantine", "in quarantine: key (", "22P02",
               "next: backfill retry job.yaml")
    s.expect(NAMED)
    s.expect("SELECT count(*) FILTER (WHERE sqlstate = '22P02') > 0 AND count(*) FILTER (WHERE "
             "sqlstate = '23514') > 0 AND count(*) FILTER (WHERE sqlstate = 'P0001') = 1 AND "
             "bool_and(sweep = 'copy' AND message <> '' AND failed_at <= now()) "
             "FROM backfill.quarantine")
    s.expect("SELECT count(*) = 0 FROM counted_before AS b JOIN counted AS c USING (tenant, code) "
             "LEFT JOIN bad USING (tenant, code) "
             "WHERE c.n IS DISTINCT FROM b.n + (bad.code IS NULL)::int")
    s.backfill("gate", "poison_quarantine", expect=7).says(f"{bad} rows are in quarantine")
    s.backfill("status", "poison_quarantine").says(f"{bad} rows set aside", "backfill retry")
    s.expect("SELECT rows_quarantined = (SELECT count(*) FROM bad) FROM backfill.status")

    # Run again it changes nothing, and says the same.
    s.backfill("run", "job.yaml", expect=4).says(f"{bad} rows are in quarantine")
    again = s.backfill("retry", "job.yaml", expect=4)
    again.says("0 went through", f"{bad} failed again")
    s.expect(NAMED)

    # Mended but for one.
    s.sql("UPDATE counted SET step = '1' WHERE step <> '1' AND code <> 'c' || md5('77777');"
          "ALTER TABLE counted DROP CONSTRAINT not_twelve")
    for _ in range(3):
        run = s.start("retry", "job.yaml")
        time.sleep(s.rng.uniform(0.0, 0.3))
        if not run.ended:
            run.kill_nine()
    s.backfill("retry", "job.yaml", expect=4).says("1 failed again", "is closed", "P0001")
    s.expect("SELECT count(*) = 1 FROM backfill.quarantine")
    s.sql("DROP TRIGGER refuse ON counted")
    s.backfill("retry", "job.yaml").says("none is left in quarantine", "backfill run job.yaml")
    exactly_once.check(s, "tenant, code")
    s.backfill("gate", "poison_quarantine", expect=7)
    s.backfill("run", "job.yaml").says("is done", "120000 rows changed")
    exactly_once.check(s, "tenant, code")
    s.backfill("gate", "poison_quarantine")
    s.backfill("retry", "job.yaml").says("no row in quarantine")
    exactly_once.check(s, "tenant, code")
    limits(s)


def limits(s):
    """A full quarantine and rows that mostly fail stop the job, with what they have set aside."""
    s.sql("CREATE TABLE few (id uuid PRIMARY KEY, raw text, v int);"
          "INSERT INTO few SELECT md5(i::text)::uuid, CASE WHEN i % 1000 = 3 THEN 'x' ELSE '1' END "
          "FROM generate_series(1, 10000) AS i; ANALYZE few")
    full = s.work / "full.yaml"
    job = ("version: 1\nkind: backfill\nname: {}\ntable: few\nset: {{v: 'raw::int'}}\n"
           "on_error: {{quarantine: {}}}\n")
    full.write_text(job.format("full", 3), encoding="utf-8")
    s.backfill("run", full, expect=1).says("3 rows are in quarantine, and `on_error` allows no more")
    s.expect("SELECT count(*) = 3 FROM backfill.quarantine")
    # A setting that may change: the job goes on with room for all of them.
    full.write_text(job.format("full", 50), encoding="utf-8")
    s.backfill("run", full, expect=4).says("10 rows are in quarantine")
    s.expect("SELECT count(*) = 9990 FROM few WHERE v = 1")

    s.sql("UPDATE few SET v = NULL, raw = 'x'")
    broken = s.work / "broken.yaml"
    broken.write_text(job.format("broken", 1000), encoding="utf-8")
    s.backfill("run", broken, expect=1).says("Rows mostly fail")
    s.expect("SELECT count(*) BETWEEN 1 AND 20 FROM backfill.quarantine AS q JOIN backfill.jobs "
             "AS j ON j.id = q.job_id WHERE j.name = 'broken'")
