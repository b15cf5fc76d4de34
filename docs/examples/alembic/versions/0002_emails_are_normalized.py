"""Gate: go on when the job has filled the column and proven it."""

import os
import pathlib
import subprocess

from alembic import op

revision = "0002"
down_revision = "0001"

JOB = pathlib.Path(__file__).parents[1] / "jobs" / "20260301_0900_normalize_emails.yaml"


def backfill(*words):
    # Outside of a transaction: one that stays open while we wait would hold vacuum back, and a job
    # that waits for older transactions would wait for us.
    with op.get_context().autocommit_block():
        subprocess.run([os.environ.get("BACKFILL", "backfill"), *words], check=True)


def upgrade():
    if os.environ.get("RUN_BACKFILLS"):  # a developer's database, a test: nobody else runs it
        backfill("run", str(JOB))
    else:
        backfill("gate", str(JOB), "--wait", os.environ.get("BACKFILL_WAIT", "30m"))


def downgrade():
    backfill("rollback", str(JOB), "--yes")
