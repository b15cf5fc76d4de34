"""Online migrations against DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    # Each revision commits by itself: in one transaction around all of them, the job could not see
    # the column that an earlier revision has added, and a later one would wait for it forever.
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
