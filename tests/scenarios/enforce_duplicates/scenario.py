"""Rows that break a step: known beforehand where the table is small, and listed where they come
later."""


def play(s):
    s.sql("INSERT INTO users (id, email) VALUES (9001, ' USER7@example.com'), (9002, NULL)")
    refused = s.backfill("plan", "job.yaml", expect=3)
    refused.says("(user7@example.com) 2 times", "1 row of public.users would still be null")
    s.backfill("run", "job.yaml", expect=3)
    s.expect("SELECT to_regnamespace('backfill') IS NULL")

    # Too late to be seen beforehand: they come when the rows are done.
    s.sql("DELETE FROM users WHERE id > 9000")
    s.sql("CREATE FUNCTION late() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN "
          "IF current_query() !~ 'CONCURRENTLY' THEN RETURN; END IF; "
          "INSERT INTO public.users (id, email, email_normalized) VALUES "
          "(9001, 'user7@example.com', 'user7@example.com') ON CONFLICT DO NOTHING; END$$;"
          "CREATE EVENT TRIGGER late ON ddl_command_start WHEN TAG IN ('CREATE INDEX') "
          "EXECUTE FUNCTION late()")
    run = s.backfill("run", "job.yaml", expect=4)
    run.says("step 1 of 2 of enforce (unique: email_normalized)",
             "(email_normalized) = (user7@example.com) is there 2 times", "backfill run")
    s.expect("SELECT count(*) = 1 FROM pg_index WHERE indrelid = 'users'::regclass")
    s.backfill("gate", "job.yaml", expect=7)
    s.backfill("status", "job.yaml").says("enforce")

    s.sql("DROP EVENT TRIGGER late; DELETE FROM users WHERE id = 9001")
    s.backfill("run", "job.yaml")
    s.expect("SELECT count(*) = 2 FROM pg_index WHERE indrelid = 'users'::regclass AND indisvalid")
    s.expect("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = "
             "'email_normalized'")
