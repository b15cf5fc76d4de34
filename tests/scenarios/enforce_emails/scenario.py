"""The three migrations beside an application that writes as they want it; then taken back, and
done again."""

from harness.story import status_says_done

CATALOG = ("SELECT (SELECT count(*) FROM pg_constraint WHERE conrelid = 'users'::regclass AND "
           "contype IN ('u', 'c')) + (SELECT count(*) FROM pg_index WHERE indrelid = "
           "'users'::regclass) + (SELECT count(*) FROM pg_attrdef WHERE adrelid = "
           "'users'::regclass) + (SELECT count(*) FROM pg_attribute WHERE attrelid = "
           "'users'::regclass AND attnotnull AND attnum > 0)")


def play(s):
    s.backfill("plan", "job.yaml").says("create unique index concurrently", "validate constraint",
                                        "share update exclusive", "enforce")
    before = s.sql(CATALOG)
    # The application fills the column itself by now, as it must before it is NOT NULL.
    s.sql("CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
          "IF to_jsonb(new) ? 'email_normalized' THEN "
          "new.email_normalized := lower(trim(new.email)); END IF; RETURN new; END$$;"
          "CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION fill()")
    writer = s.writer("-n", "-c", "2", "-T", "120", "-f", s.folder / "writer.sql")
    s.backfill("run", "job.yaml").says("enforced: unique: email_normalized")
    s.stop_writer(writer)
    s.check()
    s.backfill("verify", "job.yaml")
    s.backfill("gate", "job.yaml")
    status_says_done(s)
    s.backfill("run", "job.yaml").says("already")

    s.backfill("rollback", "job.yaml", expect=3).says("nothing was taken back", "--yes",
                                                      "drop constraint")
    s.check()
    s.backfill("gate", "job.yaml")
    s.backfill("rollback", "job.yaml", "--yes").says("taken back: unique: email_normalized")
    s.expect(f"SELECT ({CATALOG}) = {before}")
    s.expect("SELECT count(*) = 0 FROM users WHERE email_normalized IS NULL")
    s.backfill("gate", "job.yaml", expect=7)
    s.backfill("rollback", "job.yaml", "--yes").says("nothing to take back")

    s.backfill("run", "job.yaml")
    s.check()
    s.sql("DROP TRIGGER fill ON users")
    s.backfill("rollback", "job.yaml", "--yes", "--drop-columns").says("dropped: column status")
    s.expect("SELECT count(*) = 2 FROM pg_attribute WHERE attrelid = 'users'::regclass AND "
             "attnum > 0 AND NOT attisdropped")
    s.backfill("run", "job.yaml")
    s.expect("SELECT count(*) = 0 FROM users WHERE email_normalized IS DISTINCT FROM "
             "lower(trim(email))")
