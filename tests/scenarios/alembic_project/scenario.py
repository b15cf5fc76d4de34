"""The Alembic project of docs/examples: a revision waits for the job, the next one relies on it, and
the way back closes the gate again. Alembic is the real one, of the
distribution."""

from harness.scenario import Failure
from harness.server import ROOT

PROJECT = ROOT / "docs/examples/alembic"
JOB = PROJECT / "jobs/20260301_0900_normalize_emails.yaml"
REQUIRED = ("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = "
            "'email_normalized' AND NOT attisdropped")
NORMALIZED = "SELECT count(*) = 20000 FROM users WHERE email_normalized = lower(trim(email))"


def alembic(s, *words, **environment):
    surroundings = {"DATABASE_URL": s.url, "BACKFILL": str(s.binary),
                    "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return s.program("/usr/bin/python3", "-m", "alembic.config", "-c", PROJECT / "alembic.ini", *words,
                     environment=surroundings)


def stands_at(s, revision):
    found = s.sql("SELECT version_num FROM alembic_version")
    if found != revision:
        raise Failure(f"Alembic stands at {found!r}, not at {revision!r}")


def play(s):
    alembic(s, "upgrade", "0001").wait(0)

    # Nobody has run the job: the upgrade waits, gives up and leaves the table as it is.
    alembic(s, "upgrade", "head", BACKFILL_WAIT="1s").wait(1).says("normalize_emails has ever run")
    stands_at(s, "0001")
    s.expect(f"SELECT NOT ({REQUIRED})")

    # One that waits goes on by itself when the job is done. Nothing of its session keeps a
    # transaction open meanwhile.
    upgrade = alembic(s, "upgrade", "head", BACKFILL_WAIT="10m")
    s.wait_until("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND "
                 "pid <> pg_backend_pid() AND application_name NOT LIKE 'backfill%')", upgrade)
    s.expect("SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND "
             "state = 'idle in transaction' AND application_name NOT LIKE 'backfill%'")
    s.backfill("run", JOB)
    upgrade.wait(0)
    stands_at(s, "0003")
    s.expect(REQUIRED)
    s.expect(NORMALIZED)
    s.expect("SELECT count(*) = 0 FROM pg_constraint WHERE conrelid = 'users'::regclass AND "
             "contype = 'c'")

    # The way back: the job no longer counts as done, so that no later upgrade relies on it.
    alembic(s, "downgrade", "0001").wait(0)
    stands_at(s, "0001")
    s.backfill("gate", JOB, expect=7)
    alembic(s, "downgrade", "base").wait(0)
    s.expect("SELECT count(*) = 2 FROM pg_attribute WHERE attrelid = 'users'::regclass AND "
             "attnum > 0 AND NOT attisdropped")

    # Where nobody else runs the job, the revision does: the new column is filled once more.
    alembic(s, "upgrade", "head", RUN_BACKFILLS="1").wait(0)
    s.expect(REQUIRED)
    s.expect(NORMALIZED)
