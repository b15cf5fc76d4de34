"""Two columns get new types beside a live writer, go back, go there again, and stay: a twin table
that gets the same writes tells whether anything was lost on the way."""

from harness.scenario import Failure


def same_as_twin(s):
    """The writer keeps both tables equal in each of its transactions; so they are at all times."""
    s.expect("SELECT count(*) = 0 FROM (SELECT id, confidence::numeric(10,4), score::bigint, note "
             "FROM signals EXCEPT SELECT id, confidence, score, note FROM twin) AS lost")
    s.expect("SELECT count(*) = 0 FROM (SELECT id, confidence, score::bigint, note FROM twin EXCEPT "
             "SELECT id, confidence::numeric(10,4), score::bigint, note FROM signals) AS lost")


def types_are(s, *wanted):
    s.expect("SELECT array_agg(attname || ' ' || format_type(atttypid, atttypmod) || "
             "CASE WHEN attnotnull THEN ' not null' ELSE '' END ORDER BY attname) = "
             f"ARRAY[{', '.join(repr(one) for one in wanted)}] FROM pg_attribute WHERE attrelid = "
             "'public.signals'::regclass AND attnum > 0 AND NOT attisdropped "
             "AND attname ~ '^(confidence|score)'")


OLD = ("confidence numeric(10,4) not null", "score integer")
NEW = ("confidence double precision not null", "score bigint")


def nothing_left(s):
    s.expect("SELECT count(*) = 0 FROM pg_trigger WHERE tgrelid = 'signals'::regclass")
    s.expect("SELECT count(*) = 0 FROM pg_proc WHERE prorettype = 'trigger'::regtype "
             "AND pronamespace = 'backfill'::regnamespace")
    s.expect("SELECT count(*) = 0 FROM pg_constraint WHERE conname ~ '__backfill_'")


def kept_proof(s):
    """What the proof has seen stands in the control schema, by range and in all."""
    s.expect("SELECT count(*) = 1 AND bool_and(complete AND rows_compared >= 10000 AND "
             "rows_differing = 0 AND checksum_held = checksum_expected AND checksum_held <> 0) "
             "FROM backfill.proofs WHERE name = 'there_and_back'")
    s.expect("SELECT count(*) > 0 AND bool_and(checksum_held = checksum_expected) "
             "FROM backfill.ranges WHERE phase = 'verify' AND rows_compared IS NOT NULL")


def play(s):
    s.backfill("plan", "job.yaml").says("ADD COLUMN", "RENAME COLUMN", "CREATE TRIGGER")
    s.expect("SELECT to_regnamespace('backfill') IS NULL")
    s.backfill("rollback", "job.yaml", "--yes", expect=3).says("nothing to undo")
    writer = s.writer("-n", "-c", "2", "-R", "200", "-T", "600", "-f", "update.sql", "-f",
                      "touch.sql", "-f", "upsert.sql", "-f", "delete.sql")
    s.backfill("run", "job.yaml").says("has switched", "locks held for", "backfill drop")
    same_as_twin(s)
    kept_proof(s)
    s.backfill("gate", "job.yaml")
    s.backfill("run", "job.yaml").says("has switched")
    s.backfill("verify", "job.yaml").says("0 rows differ")
    s.backfill("gate", "job.yaml")

    s.backfill("rollback", "job.yaml", expect=3).says("nobody agreed", "--yes")
    s.backfill("rollback", "job.yaml", "--yes").says("is rolled back")
    same_as_twin(s)
    types_are(s, *OLD)
    nothing_left(s)
    s.backfill("gate", "job.yaml", expect=7)
    s.backfill("rollback", "job.yaml", "--yes").says("nothing to undo")

    s.backfill("run", "job.yaml").says("has switched")
    s.backfill("drop", "job.yaml").says("is done")
    same_as_twin(s)
    types_are(s, *NEW)
    nothing_left(s)
    s.backfill("gate", "job.yaml")
    s.backfill("run", "job.yaml").says("already")
    s.backfill("drop", "job.yaml")
    s.backfill("rollback", "job.yaml", "--yes", expect=3).says("no way back")
    s.stop_writer(writer)
    same_as_twin(s)
    s.expect("SELECT count(*) > 0 FROM signals WHERE note <> ''")
    s.expect("SELECT count(*) > 0 FROM signals WHERE id > 20000")
    if writer.code not in (0, -2, 1):
        raise Failure(f"the writer ended with {writer.code}")
