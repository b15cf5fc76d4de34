"""Unlogged, published, with deferred constraints and triggers, secured by row, inherited from: each is
done whole, or refused with what to do about it and not touched."""

ROLE = "scenario_half"
ROWS = 20000


def untouched(s, table):
    s.expect(f"SELECT count(*) = 0 FROM {table} AS t JOIN source AS b USING (id) WHERE t.n <> b.n")


def done(s, table):
    s.backfill("run", f"{table}.yaml")
    s.expect(f"SELECT count(*) = {ROWS} AND bool_and(t.n = b.n + 1) "
             f"FROM {table} AS t JOIN source AS b USING (id)")


def play(s):
    for table in ("unlogged_one", "deferred", "published", "secured"):
        done(s, table)
    s.expect(f"SELECT count(*) = {ROWS} AND count(DISTINCT id) = {ROWS} FROM fired")

    s.backfill("run", "parent.yaml", expect=3).says("inherit from it", "child", "NO INHERIT")
    untouched(s, "parent")
    s.backfill("run", "without_identity.yaml", expect=3).says("REPLICA IDENTITY", "of_without")
    untouched(s, "without_identity")

    # A role to which the policy shows half of the rows must not call the whole done.
    s.sql(f"DROP ROLE IF EXISTS {ROLE}; CREATE ROLE {ROLE} LOGIN PASSWORD '{s.server.password}';"
          f"GRANT pg_monitor TO {ROLE}; GRANT SELECT, UPDATE ON secured TO {ROLE};"
          "UPDATE secured AS t SET n = b.n FROM source AS b WHERE b.id = t.id;"
          f"GRANT CREATE ON DATABASE {s.database} TO {ROLE};"
          f"GRANT USAGE, CREATE ON SCHEMA backfill TO {ROLE};"
          f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA backfill TO {ROLE}")
    try:
        s.backfill("run", "secured_again.yaml", url=s.server.url(s.database, user=ROLE),
                   expect=3).says("row-level security")
        untouched(s, "secured")
    finally:
        s.sql(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")
