"""`on_cast_error`, both ways: a write of a value without a counterpart goes on and is recorded, or
fails as the expression does. Before the switch and after it, by every kind of write."""

from harness.scenario import Failure

JOB = """version: 1
kind: type-copy
name: {name}
table: public.{name}
columns:
  serial: {{type: uuid}}
  seen: {{type: bigint}}
switch: manual
on_cast_error: {mode}
"""

BEFORE = [
    "INSERT INTO {0} VALUES (3001, 'odd')",
    "UPDATE {0} SET serial = 'odd' WHERE id = 11",
    "INSERT INTO {0} VALUES (12, 'odd') ON CONFLICT (id) DO UPDATE SET serial = 'odd'",
    "COPY {0} (id, serial) FROM stdin;\n3002\todd\n\\.\n",
]
AFTER = [
    "INSERT INTO {0} (id, seen) VALUES (3003, 3000000000)",
    "UPDATE {0} SET seen = 3000000000 WHERE id = 13",
    "INSERT INTO {0} (id) VALUES (14) ON CONFLICT (id) DO UPDATE SET seen = 3000000000",
    "COPY {0} (id, seen) FROM stdin;\n3004\t3000000000\n\\.\n",
]


def job_file(s, name, mode):
    path = s.work / f"{name}.yaml"
    path.write_text(JOB.format(name=name, mode=mode), encoding="utf-8")
    return path


def fails(s, statement, state):
    try:
        s.psql(["-v", "VERBOSITY=verbose", "-f", "-"], stdin=statement)
    except Failure as failure:
        if state not in str(failure):
            raise
        return
    raise Failure(f"this should have failed with {state}: {statement}")


def recorded(s):
    path = job_file(s, "recorded", "record")
    s.backfill("run", path).says("ready to switch")
    for statement in BEFORE:
        s.sql(statement.format("recorded"))
    s.expect("SELECT array_agg(id ORDER BY id) = ARRAY[11, 12, 3001, 3002]::bigint[] AND "
             "bool_and(serial = 'odd') FROM recorded WHERE serial__backfill_new IS NULL")
    # The upsert has tried to insert, and then updated.
    s.expect("SELECT count(*) = 5 AND bool_and(kind = 'error' AND detail ->> 'text' LIKE "
             "'%invalid input syntax for type uuid: \"odd\"%' AND detail ? 'xid') "
             "FROM backfill.events WHERE reason = 'cast_error'")
    refused = s.backfill("switch", path, expect=4)
    refused.says("invalid input syntax for type uuid", "nothing was switched", "recorded:", "(3001)",
                 "(3002)", "(11)", "22P02")
    s.sql("UPDATE recorded SET serial = NULL WHERE serial = 'odd'")
    s.backfill("switch", path).says("has switched")
    for statement in AFTER:
        s.sql(statement.format("recorded"))
    s.expect("SELECT array_agg(id ORDER BY id) = ARRAY[13, 14, 3003, 3004]::bigint[] "
             "FROM recorded WHERE seen = 3000000000 AND seen__backfill_old IS NULL")
    s.backfill("rollback", path, "--yes", expect=4).says("4 rows differ", "nothing was rolled back",
                                                         "(13)", "(3004)")
    # What was refused has changed nothing: the job has switched, and is done for those who ask.
    s.backfill("gate", path)
    s.backfill("status", "recorded").says("done, switched", "checksums agree")
    s.sql("UPDATE recorded SET seen = 5 WHERE seen > 5")
    s.backfill("rollback", path, "--yes").says("is rolled back")
    s.expect("SELECT count(*) = 4 AND pg_typeof(max(seen)) = 'integer'::regtype FROM recorded "
             "WHERE seen = 5")


def failing(s):
    path = job_file(s, "failing", "fail")
    s.backfill("run", path).says("ready to switch")
    before = s.sql("SELECT md5(string_agg(f::text, ',' ORDER BY id)) FROM failing AS f")
    for statement in BEFORE:
        fails(s, statement.format("failing"), "22P02")
    if s.sql("SELECT md5(string_agg(f::text, ',' ORDER BY id)) FROM failing AS f") != before:
        raise Failure("a write that failed has changed the table")
    s.backfill("switch", path).says("has switched")
    for statement in AFTER:
        fails(s, statement.format("failing"), "22003")
    s.expect("SELECT count(*) = 0 FROM failing WHERE seen > 0")
    s.expect("SELECT count(*) = 0 FROM backfill.events AS e JOIN backfill.jobs AS j ON j.id = "
             "e.job_id WHERE j.name = 'failing' AND e.reason = 'cast_error'")
    s.backfill("rollback", path, "--yes").says("is rolled back")


def play(s):
    recorded(s)
    failing(s)
