"""Rows that refer to nothing: listed where that is refused, else removed or unlinked in batches."""

from harness.story import play as usual_story


def play(s):
    run = s.backfill("run", "refuse.yaml", expect=4)
    run.says("refers to no row of plans", "step 1 of 1")
    s.expect("SELECT count(*) = 0 FROM pg_constraint WHERE conrelid = 'accounts'::regclass AND "
             "contype = 'f'")
    s.expect("SELECT count(*) = 20000 FROM accounts")
    s.sql("UPDATE accounts SET note = NULL; DROP SCHEMA backfill CASCADE; VACUUM ANALYZE accounts")
    usual_story(s)
