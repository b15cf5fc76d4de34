"""A row that fails for its own reason stops the job: it is named, with what it fails with and the
command to go on; everything else is kept. Of a rule of the table, and of a trigger, as well."""


def undone(s):
    """The last row that the job has not changed yet: its key as messages show it, and its number."""
    return s.sql("SELECT '(' || tenant || ', ' || code || ')|' || raw FROM amounts WHERE amount IS "
                 "NULL AND code = 'c' || raw ORDER BY tenant DESC, code DESC LIMIT 1").split("|")


def play(s):
    stopped = s.backfill("run", "job.yaml", expect=1)
    stopped.says("copy of key (17, c13337)", "SQLSTATE: 22P02",
                 'invalid input syntax for type integer: "twelve"', "on_error: {quarantine: 100}",
                 "next: backfill run job.yaml")
    s.expect("SELECT count(*) BETWEEN 0 AND 19999 FROM amounts WHERE amount IS NOT NULL")
    s.expect("SELECT count(*) = 0 FROM amounts WHERE amount IS NOT NULL AND amount <> raw::int")
    s.expect("SELECT count(*) = 0 FROM backfill.quarantine")
    s.backfill("gate", "poison_stop", expect=7).says("twelve")

    s.sql("UPDATE amounts SET raw = '12' WHERE raw = 'twelve'")
    key, number = undone(s)
    s.sql(f"ALTER TABLE amounts ADD CONSTRAINT small CHECK (amount <> {number})")
    s.backfill("run", "job.yaml", expect=1).says(f"copy of key {key}", "23514", "small")

    s.sql("ALTER TABLE amounts DROP CONSTRAINT small")
    key, number = undone(s)
    s.sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
          f"IF NEW.code = 'c{number}' THEN RAISE EXCEPTION 'closed account %', NEW.code; END IF; "
          "RETURN NEW; END $$;"
          "CREATE TRIGGER refuse BEFORE UPDATE ON amounts FOR EACH ROW EXECUTE FUNCTION refuse()")
    s.backfill("run", "job.yaml", expect=1).says(f"copy of key {key}", "P0001",
                                                 f"closed account c{number}")
    s.sql("DROP TRIGGER refuse ON amounts")
    s.backfill("run", "job.yaml").says("is done")
    s.expect("SELECT count(*) = 20000 FROM amounts WHERE amount = raw::int")
    s.backfill("retry", "job.yaml").says("no row in quarantine")
