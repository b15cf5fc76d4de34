-- What a role needs to run a backfill of one table, and no more. By a superuser, or by the owner of
-- the database and of the table:
--
--   psql "$DATABASE_URL" -v role=migrator -v table=public.users -v columns=email_normalized \
--     -f grants.sql
--
-- role     an existing role that can log in
-- table    with its schema, quoted where SQL needs quotes
-- columns  those of `set`, with commas
--
-- The columns of `add` are there by then: only the table's owner can add them. The control schema
-- becomes the role's own where nobody has one yet. May be run again.
\set ON_ERROR_STOP on
BEGIN;
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), :'role') \gexec
SELECT format('GRANT USAGE ON SCHEMA %s TO %I', relnamespace::regnamespace, :'role')
  FROM pg_class WHERE oid = (:'table')::regclass \gexec
SELECT format('GRANT SELECT, UPDATE (%s) ON %s TO %I', :'columns', (:'table')::regclass, :'role') \gexec
-- The lag of standbys can be seen only so. A server without standbys needs no such right.
SELECT format('GRANT pg_monitor TO %I', :'role') \gexec

SELECT format('CREATE SCHEMA backfill AUTHORIZATION %I', :'role')
 WHERE to_regnamespace('backfill') IS NULL \gexec
SELECT format('GRANT USAGE ON SCHEMA backfill TO %I', :'role') \gexec
SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA backfill TO %I', :'role') \gexec
COMMIT;
