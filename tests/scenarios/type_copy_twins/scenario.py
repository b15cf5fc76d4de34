"""Ten clients insert, update (to NULL, too), upsert, delete and give other keys, always in both of
two tables, while the job works on one of them. Both have the same rows, through the casts, after
the switch, after the way back, and after the drop.

Each transaction first takes an advisory lock on its key: what it sees of both tables is then of one
moment, also where it finds no row to lock.
"""

import signal

from harness.scenario import Failure

SCRIPTS = ("insert", "update", "to_null", "other_column", "upsert", "delete", "again", "regret",
           "other_key")
NEW = ("id bigint true", "amount double precision true", "hits bigint false", "label grade false",
       "seen timestamp with time zone false", "note text true")
OLD = ("id integer true", "amount numeric(10,4) true", "hits integer false",
       "label character varying(20) false", "seen timestamp without time zone false",
       "note text true")


def readings(switched):
    """The job's table in terms of the new types."""
    seen = "seen" if switched else "seen AT TIME ZONE 'UTC'"
    return (f"SELECT id::bigint, amount::double precision, hits::bigint, label::grade, {seen}, note "
            "FROM readings")


def alike(s, switched):
    job, twin = readings(switched), "SELECT * FROM twin_seen"
    s.expect(f"SELECT (SELECT count(*) FROM (({job}) EXCEPT ALL ({twin})) AS more) = 0 AND "
             f"(SELECT count(*) FROM (({twin}) EXCEPT ALL ({job})) AS fewer) = 0")


def types_are(s, wanted):
    s.expect("SELECT array_agg(format('%s %s %s', attname, format_type(atttypid, atttypmod), "
             "attnotnull::text) ORDER BY attname) = (SELECT array_agg(w ORDER BY split_part(w, ' ', 1)) "
             f"FROM unnest(ARRAY{list(wanted)}) AS w) FROM pg_attribute "
             "WHERE attrelid = 'readings'::regclass AND attnum > 0 AND NOT attisdropped "
             "AND attname !~ '__backfill_'")


def clients(s, mode, first):
    """One of the two programs, five clients each: with simple queries, or with prepared ones that
    outlive the changes of the columns."""
    files = [word for name in SCRIPTS for word in ("-f", f"{name}.sql")]
    return s.writer("-n", "-c", "5", "-j", "1", "-M", mode, "-R", "250", "-T", "600",
                    "--random-seed", str(first), *files)


def all_live(writers):
    for writer in writers:
        if writer.ended:
            raise Failure(f"a writer ended with {writer.code}")


def play(s):
    writers = [clients(s, mode, s.rng.randrange(1, 10**6)) for mode in ("simple", "prepared")]
    s.backfill("run", "job.yaml").says("has switched")
    alike(s, switched=True)
    types_are(s, NEW)
    all_live(writers)
    s.backfill("rollback", "job.yaml", "--yes").says("is rolled back")
    alike(s, switched=False)
    types_are(s, OLD)
    all_live(writers)
    s.backfill("run", "job.yaml").says("has switched")
    alike(s, switched=True)
    s.backfill("verify", "job.yaml").says("0 rows differ")
    s.backfill("drop", "job.yaml").says("is done")
    alike(s, switched=True)
    types_are(s, NEW)
    all_live(writers)
    for writer in writers:
        writer.signal(signal.SIGINT)
        writer.process.wait(30)
    s.wait_until("SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() "
                 "AND application_name = 'pgbench'")
    alike(s, switched=True)
    s.expect("SELECT count(*) > 0 FROM readings WHERE id > 100000")
    s.expect("SELECT count(*) > 0 FROM readings WHERE id > 12000 AND id < 100000")
    s.expect("SELECT count(*) > 0 FROM readings WHERE note <> ''")
    s.expect("SELECT count(*) < 12000 FROM readings WHERE id <= 12000")
