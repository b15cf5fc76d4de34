"""An application waits for a row that a long batch has locked: the batch is cancelled for its sake,
the application goes on, and the job is done with each row changed once. Without that it would wait
for the whole batch; its own lock_timeout, far above `throttle.lock_wait`, says that it did not."""

from harness import exactly_once


def play(s):
    run = s.start("run", "job.yaml")
    # Sequences are not transactional: this shows that the batch has locked its first rows.
    s.wait_until("SELECT last_value >= 20 FROM slow_rows", run)
    s.sql("SET lock_timeout = '2s'; UPDATE counted SET note = 'seen' WHERE id = 5")
    run.wait(expect=0)
    exactly_once.check(s, "id")
    s.expect("SELECT count(*) = 1 FROM counted WHERE note = 'seen' AND id = 5")
    s.expect("SELECT count(*) > 0 FROM backfill.events WHERE reason = 'lock_wait'")
