"""Columns of the names that a job would give are another job's, or somebody's own: they are neither
filled nor switched nor dropped by it."""

JOB = """version: 1
kind: type-copy
name: {name}
table: public.parcels
columns: {{{column}: {{type: {type}}}}}
switch: manual
"""


def job_file(s, name, column, new_type):
    path = s.work / f"{name}.yaml"
    path.write_text(JOB.format(name=name, column=column, type=new_type), encoding="utf-8")
    return path


def refused(s, path, *words):
    for command in (("plan", path), ("run", path), ("switch", path), ("drop", path),
                    ("rollback", path, "--yes")):
        s.backfill(*command, expect=3).says(*words)


def play(s):
    first = job_file(s, "first", "weight", "bigint")
    second = job_file(s, "second", "weight", "numeric")
    other = job_file(s, "other", "size", "bigint")
    s.backfill("run", first).says("ready to switch")
    refused(s, second, "public.parcels.weight__backfill_new belongs to another job",
            '"~first__backfill_sync"', "backfill drop")
    s.backfill("switch", first).says("has switched")
    refused(s, second, "public.parcels.weight__backfill_old belongs to another job")
    s.expect("SELECT bool_and(weight = id AND weight__backfill_old = id) FROM parcels")
    s.backfill("drop", first)
    s.backfill("run", second).says("ready to switch")
    s.backfill("rollback", second, "--yes").says("is rolled back")

    refused(s, other, "public.parcels.size__backfill_new is there already")
    s.expect("SELECT count(*) = 500 FROM parcels WHERE size__backfill_new = 'mine'")
    s.sql("ALTER TABLE parcels RENAME size__backfill_new TO mine")
    s.backfill("run", other).says("ready to switch")

    # Its function is dropped by somebody: it is the job's own all the same, and made again.
    s.sql("DROP FUNCTION backfill.other__backfill_sync CASCADE; UPDATE parcels SET size = 7 WHERE id = 5")
    s.backfill("switch", other, expect=4).says("trigger_missing", "1 row differs")
    s.sql("UPDATE parcels SET size = size WHERE id = 5")
    s.backfill("switch", other).says("has switched")
    s.expect("SELECT size = 7 AND size__backfill_old = 7 FROM parcels WHERE id = 5")
