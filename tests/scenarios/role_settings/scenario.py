"""A role whose settings are against everything that a job does: short timeouts, serializable
transactions, a strange search_path, date style and isolation. Each row once, beside a writer."""

from harness import exactly_once

ROLE = "scenario_settings"
SETTINGS = {
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "statement_timeout": "20ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "50ms",
    "search_path": "evil, pg_temp",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "-5",
    "standard_conforming_strings": "off",
    "enable_indexscan": "off",
    "row_security": "off",
    "synchronous_commit": "off",
    "client_min_messages": "debug5",
    "session_replication_role": "origin",
    "TimeZone": "Pacific/Chatham",
    "plan_cache_mode": "force_generic_plan",
    "default_tablespace": "",
    "check_function_bodies": "off",
}


def play(s):
    s.sql(f"DROP ROLE IF EXISTS {ROLE}; "
          f"CREATE ROLE {ROLE} LOGIN SUPERUSER PASSWORD '{s.server.password}'")
    for name, value in SETTINGS.items():
        s.sql(f"ALTER ROLE {ROLE} SET {name} = {value or chr(39) * 2}"
              if "," in value or not value else f"ALTER ROLE {ROLE} SET {name} = '{value}'")
    role = s.server.url(s.database, user=ROLE)
    writer = s.writer("-n", "-c", "2", "-R", "200", "-T", "600", "-f", "writer.sql")
    try:
        s.backfill("plan", "job.yaml", url=role)
        for _ in range(3):
            reached = exactly_once.rows_done(s)
            run = s.start("run", "job.yaml", url=role)
            exactly_once.wait_for_progress(s, run, reached, exactly_once.rows_done)
            run.kill_nine()
        s.backfill("run", "job.yaml", url=role)
        s.stop_writer(writer)
        exactly_once.check(s, "id")
        s.backfill("status", "role_settings", "--json", url=role)
        s.backfill("gate", "role_settings", url=role)
        s.expect("SELECT count(*) = 0 FROM evil.counted")
    finally:
        s.sql(f"REASSIGN OWNED BY {ROLE} TO postgres; DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")
