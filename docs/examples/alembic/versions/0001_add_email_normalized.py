"""Expand: the new column, empty. Takes its lock for a moment."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("ALTER TABLE users ADD COLUMN email_normalized text")


def downgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("ALTER TABLE users DROP COLUMN email_normalized")
