"""Contract: from here on the application may rely on the column. No step scans under a strong lock."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.execute("SELECT backfill.assert_done('normalize_emails')")
    # Each statement commits by itself; the first one makes a second attempt possible.
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '2s'")
        op.execute("ALTER TABLE users DROP CONSTRAINT IF EXISTS email_normalized_present")
        op.execute("ALTER TABLE users ADD CONSTRAINT email_normalized_present "
                   "CHECK (email_normalized IS NOT NULL) NOT VALID")
        op.execute("ALTER TABLE users VALIDATE CONSTRAINT email_normalized_present")
        op.execute("ALTER TABLE users ALTER COLUMN email_normalized SET NOT NULL")
        op.execute("ALTER TABLE users DROP CONSTRAINT email_normalized_present")


def downgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("ALTER TABLE users ALTER COLUMN email_normalized DROP NOT NULL")
