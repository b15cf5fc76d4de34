"""Nothing in a row tells whether the job has changed it: what still matches `where` is counted and
told, and never changed a second time."""

from harness import story


def play(s):
    s.backfill("plan", "job.yaml").says("changes none").never_says("repair")
    s.backfill("run", "job.yaml").says("changes none").never_says("rows still match")
    s.expect("SELECT count(*) = 0 FROM members WHERE email <> lower(email)")
    s.sql("UPDATE members SET email = 'Late@Example.com' WHERE id IN (5, 2999)")
    s.backfill("verify", "job.yaml").says("2 rows still match")
    s.expect("SELECT count(*) = 2 FROM members WHERE email = 'Late@Example.com'")
    story.status_says_done(s)
