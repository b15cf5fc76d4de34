"""The oracle of exactly once: a job that adds one to `n` must do so once for each row.

Such a scenario's table is `public.counted` with a column `n`; `before.sql` copies its key columns
and `n` into `public.counted_before`. Rows that a writer inserts meanwhile start at 0, and the job
may or may not reach them.
"""

import time

from harness.scenario import Failure

KILLS = 8


def check(s, key):
    """`key` as a column list, e.g. "tenant, code"."""
    s.expect("SELECT count(*) = 0 FROM counted_before AS b JOIN counted AS c "
             f"USING ({key}) WHERE c.n IS DISTINCT FROM b.n + 1")
    s.expect("SELECT count(*) = 0 FROM counted AS c LEFT JOIN counted_before AS b "
             f"USING ({key}) WHERE b.n IS NULL AND c.n NOT IN (0, 1)")


def rows_done(s):
    return int(s.sql("SELECT count(*) FROM counted WHERE n % 10 = 1"))


def kill_at_random(s, job="job.yaml", kills=KILLS, done=rows_done):
    """Starts the job again and again and kills it, half of the times at any moment from its start
    on, half of the times only when it has gone on; then lets it finish. Gives how many kills came
    while rows were done and others still to do."""
    midway = 0
    reached = done(s)
    for kill in range(kills):
        run = s.start("run", job)
        if kill % 2 == 0:
            wait_for_progress(s, run, reached, done)
        time.sleep(s.rng.uniform(0.0, 0.7))
        if run.ended:
            run.wait(expect=0)
            break
        run.kill_nine()
        reached = done(s)
        if reached > 0:
            midway += 1
    s.backfill("run", job)
    return midway


def wait_for_progress(s, run, reached, done, timeout=60):
    deadline = time.monotonic() + timeout
    while done(s) <= reached and not run.ended:
        if time.monotonic() > deadline:
            raise Failure(f"{run.name} has done nothing within {timeout} s")
        time.sleep(0.02)
