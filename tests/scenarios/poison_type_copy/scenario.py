"""A type-copy with values that do not convert: they are set aside by its copy, keep it from its
switch, and are taken again once they are mended."""


def play(s):
    s.backfill("run", "job.yaml", expect=4).says(
        "4 rows are in quarantine", "invalid input syntax for type bigint", "22P02",
        "backfill retry job.yaml")
    s.expect("SELECT array_agg(key[1]::uuid ORDER BY key[1]::uuid) = (SELECT array_agg(id ORDER BY "
             "id) FROM devices WHERE serial = 'none') FROM backfill.quarantine")
    s.expect("SELECT count(*) = 5996 FROM devices WHERE serial__backfill_new = serial::bigint "
             "AND serial <> 'none'")
    s.backfill("gate", "poison_type_copy", expect=7).says("4 rows are in quarantine")
    # One that the application mends is right already: its trigger has computed the new value.
    s.sql("UPDATE devices SET serial = '8' WHERE id = (SELECT min(key[1]::uuid::text)::uuid "
          "FROM backfill.quarantine)")
    s.backfill("retry", "job.yaml", expect=4).says("1 went through, 3 failed again")
    s.sql("UPDATE devices SET serial = '9' WHERE serial = 'none'")
    s.backfill("retry", "job.yaml").says("none is left")
    s.backfill("run", "job.yaml").says("has switched")
    s.expect("SELECT count(*) = 6000 AND pg_typeof(max(serial)) = 'bigint'::regtype FROM devices")
    s.backfill("gate", "poison_type_copy")
    s.backfill("rollback", "job.yaml", "--yes").says("is rolled back")
