#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Version 10: rows that fail for their own reason are set aside, and the job goes on. The row is
// written in the transaction that moves its range's cursor past it, under the same fence: it is
// either still ahead of the cursor or in here, whatever is killed.
//
// A row may fail in the copy and in the proof as well: it stands here once, with what it failed
// with last.
const std::string_view quarantine_table = R"sql(
CREATE TABLE backfill.quarantine (
  job_id bigint NOT NULL REFERENCES backfill.jobs ON DELETE CASCADE,
  table_name text NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  sweep text NOT NULL,
  sqlstate text NOT NULL,
  message text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (job_id, table_name, key)
);
ALTER TABLE backfill.jobs ADD COLUMN rows_retried bigint NOT NULL DEFAULT 0,
  ADD COLUMN retried_at timestamptz;

COMMENT ON TABLE backfill.quarantine IS 'Rows that fail for their own reason and were passed over (on_error: quarantine). A job with rows in here is not done; retry takes them again.';
COMMENT ON COLUMN backfill.quarantine.job_id IS 'The job.';
COMMENT ON COLUMN backfill.quarantine.table_name IS 'The table of the row, qualified and quoted: a type-copy may have several.';
COMMENT ON COLUMN backfill.quarantine.key IS 'The row''s key, one element per key column.';
COMMENT ON COLUMN backfill.quarantine.sweep IS 'The phase in which it failed last.';
COMMENT ON COLUMN backfill.quarantine.sqlstate IS 'What it failed with last.';
COMMENT ON COLUMN backfill.quarantine.message IS 'The server''s words.';
COMMENT ON COLUMN backfill.quarantine.failed_at IS 'When it failed last.';
COMMENT ON COLUMN backfill.runs.command IS 'run, verify, retry, switch, drop or rollback.';
COMMENT ON COLUMN backfill.jobs.rows_retried IS 'Rows that retry has changed; they are in no range''s count.';
COMMENT ON COLUMN backfill.jobs.retried_at IS 'When retry last took a row out of quarantine: a proof that began before has not seen it.';

CREATE FUNCTION backfill.quarantine_row(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  made_under bigint, expected_stripe integer, expected_cursor text[], row_key text[],
  batch_keys bigint, ends_stripe boolean, closes boolean, recorded_ranges bigint[],
  recorded_rows bigint[], counts_only boolean, of_table text, code text, said text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  IF counts_only THEN
    PERFORM backfill.checkpoint_verify(of_job, of_phase, of_pass, of_range, holder_epoch,
                                       made_under, expected_cursor, row_key, batch_keys, closes,
                                       0, 0, NULL, NULL, NULL);
  ELSE
    PERFORM backfill.checkpoint(of_job, of_phase, of_pass, of_range, holder_epoch, made_under,
                                expected_stripe, expected_cursor, row_key, batch_keys,
                                ends_stripe, closes, recorded_ranges, recorded_rows);
    UPDATE backfill.ranges r SET uncounted = false, last_rows = 0
     WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range;
  END IF;
  INSERT INTO backfill.quarantine AS q (job_id, table_name, key, sweep, sqlstate, message)
    VALUES (of_job, of_table, row_key, of_phase, code, said)
    ON CONFLICT (job_id, table_name, key) DO UPDATE
      SET sweep = excluded.sweep, sqlstate = excluded.sqlstate, message = excluded.message,
          failed_at = excluded.failed_at;
END $function$;

CREATE FUNCTION backfill.hold_quarantined(
  of_job bigint, holder_epoch bigint, of_table text, row_key text[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  PERFORM FROM backfill.jobs j WHERE j.id = of_job AND j.epoch = holder_epoch FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'job % is no longer held with epoch %', of_job, holder_epoch
      USING ERRCODE = 'BF001', HINT = 'Another runner has taken the job over.';
  END IF;
  PERFORM FROM backfill.quarantine q
    WHERE q.job_id = of_job AND q.table_name = of_table AND q.key = row_key FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'row % of % is not in quarantine any more', row_key, of_table
      USING ERRCODE = 'BF007';
  END IF;
END $function$;

CREATE FUNCTION backfill.release_quarantined(
  of_job bigint, of_table text, row_key text[], changed_rows bigint)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  DELETE FROM backfill.quarantine q
    WHERE q.job_id = of_job AND q.table_name = of_table AND q.key = row_key;
  UPDATE backfill.jobs j
    SET rows_retried = j.rows_retried + changed_rows, retried_at = clock_timestamp()
    WHERE j.id = of_job;
END $function$;

CREATE FUNCTION backfill.quarantine_text(of_job bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
  SELECT CASE count(*) WHEN 0 THEN NULL WHEN 1 THEN '1 row is in quarantine'
                       ELSE count(*) || ' rows are in quarantine' END
    FROM backfill.quarantine q WHERE q.job_id = of_job
$function$;

COMMENT ON FUNCTION backfill.quarantine_row IS 'As checkpoint, for the one row that the cursor passes: it is not changed but written into the quarantine.';
COMMENT ON FUNCTION backfill.hold_quarantined IS 'Locks the job and the row''s entry for a retry: BF001 when another runner has the job, BF007 when the entry is gone.';
COMMENT ON FUNCTION backfill.release_quarantined IS 'Takes a row out of quarantine that a retry has changed.';
COMMENT ON FUNCTION backfill.quarantine_text IS 'How many rows of the job are in quarantine, as words; null when none is.';
)sql";

// What the answers of version 7 and the view of version 1 have to say of it.
const std::string_view quarantine_answers = R"sql(
CREATE OR REPLACE FUNCTION backfill.lack_of_proof(of_job bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
  SELECT CASE
           WHEN EXISTS (SELECT FROM backfill.ranges r
                         WHERE r.job_id = of_job AND split_part(r.phase, ' ', 1) = 'copy'
                           AND NOT r.closed) THEN 'its copy has not reached the end of the key'
           WHEN proof.rows_differing = 1 THEN '1 row differs'
           WHEN proof.rows_differing > 0 THEN proof.rows_differing || ' rows differ'
           ELSE backfill.quarantine_text(of_job)
         END
    FROM (SELECT coalesce(sum(r.rows_differing), 0)::bigint AS rows_differing
            FROM backfill.ranges r
            JOIN (SELECT p.phase, max(p.pass) AS pass FROM backfill.ranges p
                   WHERE p.job_id = of_job AND split_part(p.phase, ' ', 1) = 'verify'
                   GROUP BY p.phase) AS latest ON latest.phase = r.phase AND latest.pass = r.pass
           WHERE r.job_id = of_job) AS proof
$function$;

CREATE OR REPLACE FUNCTION backfill.assert_done(job_name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
  job record;
  doubt text;
  problem text;
  advice text;
BEGIN
  SELECT j.id, j.state, j.phase, c.paused_at IS NOT NULL AS paused,
         l.released_at IS NULL AND l.heartbeat_at + l.ttl >= clock_timestamp() AS held
    INTO job
    FROM backfill.jobs j LEFT JOIN backfill.leases l ON l.job_id = j.id
    LEFT JOIN backfill.controls c ON c.job_id = j.id
   WHERE j.name = job_name;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no backfill job named % has ever run in this database',
      coalesce('"' || job_name || '"', 'NULL')
      USING ERRCODE = 'BF003',
            HINT = 'Run it: backfill run JOB.yaml. Its name is what the file says under name, '
                   'else the name of the file without .yaml.';
  END IF;

  doubt := backfill.quarantine_text(job.id);
  IF job.state = 'done' THEN
    doubt := backfill.lack_of_proof(job.id);
    IF doubt IS NULL THEN
      RETURN true;
    END IF;
    problem := 'counts as done, but is not proven: ' || doubt;
    advice := CASE WHEN backfill.quarantine_text(job.id) IS NOT NULL
                THEN 'backfill retry with the job''s file takes them again, once they are mended; '
                     'the table backfill.quarantine names them.'
                ELSE 'Prove it again: backfill verify with the job''s file. Where rows differ, '
                     'backfill run mends them after that.' END;
  ELSIF job.phase = 'rolled_back' THEN
    problem := 'has been rolled back';
    advice := 'backfill run with the job''s file begins it again.';
  ELSIF job.phase = 'ready' AND job.state = 'stopped' THEN
    problem := 'is ready to switch, and has not switched';
    advice := 'backfill switch with the job''s file.';
  ELSIF job.state = 'failed' AND doubt IS NOT NULL THEN
    problem := 'is not done: ' || doubt;
    advice := 'backfill retry with the job''s file takes them again, once they are mended; the '
              'table backfill.quarantine names them.';
  ELSIF job.state = 'failed' THEN
    problem := format('has failed in phase %s', job.phase);
    advice := format('backfill status %s says why; backfill run with the job''s file goes on where '
                     'it stands.', job_name);
  ELSIF job.paused THEN
    problem := format('is paused in phase %s', job.phase);
    advice := format('backfill resume %s', job_name);
  ELSIF job.state = 'running' AND job.held THEN
    problem := format('is still running, in phase %s', job.phase);
    advice := format('Wait for it: backfill gate %s --wait 1h', job_name);
  ELSE
    problem := format('%s in phase %s', CASE job.state WHEN 'running' THEN 'has lost its runner'
                                             ELSE 'is ' || job.state END, job.phase);
    advice := 'backfill run with the job''s file goes on where it stands.';
  END IF;
  RAISE EXCEPTION 'backfill job "%" %', job_name, problem
    USING ERRCODE = 'BF003', HINT = advice;
END $function$;

CREATE OR REPLACE VIEW backfill.status AS
SELECT j.id AS job_id, j.name, j.kind, j.table_name, j.phase, sweep.pass, j.state, j.epoch,
       j.rows_estimated, coalesce(sweep.keys, 0) AS keys, coalesce(sweep.keys_done, 0) AS keys_done,
       coalesce(sweep.ranges, 0) AS ranges, coalesce(sweep.ranges_closed, 0) AS ranges_closed,
       coalesce(total.batches, 0) AS batches,
       coalesce(total.rows_changed, 0) + j.rows_retried AS rows_changed,
       coalesce(sweep.rows_differing, 0) AS rows_differing,
       coalesce(sweep.unchangeable, 0) AS unchangeable, total.checkpoint_at,
       l.runner IS NOT NULL AND l.released_at IS NULL
         AND l.heartbeat_at + l.ttl >= pg_catalog.clock_timestamp() AS held,
       l.host, l.pid, l.acquired_at, l.heartbeat_at, coalesce(l.progress, '{}') AS progress,
       j.created_at, j.created_by, p.started_at AS phase_started_at, j.finished_at, j.last_error,
       (SELECT pg_catalog.count(*) FROM backfill.quarantine q
         WHERE q.job_id = j.id) AS rows_quarantined
  FROM backfill.jobs j
  LEFT JOIN backfill.leases l ON l.job_id = j.id
  LEFT JOIN LATERAL (
    SELECT pg_catalog.sum(r.batches)::bigint AS batches,
           pg_catalog.sum(r.rows_changed)::bigint AS rows_changed,
           pg_catalog.max(r.updated_at) AS checkpoint_at
      FROM backfill.ranges r WHERE r.job_id = j.id) total ON true
  LEFT JOIN LATERAL (
    SELECT r.pass, pg_catalog.sum(r.keys)::bigint AS keys,
           pg_catalog.sum(r.keys_done)::bigint AS keys_done, pg_catalog.count(*) AS ranges,
           pg_catalog.count(*) FILTER (WHERE r.closed) AS ranges_closed,
           pg_catalog.sum(r.rows_differing)::bigint AS rows_differing,
           pg_catalog.sum(r.unchangeable)::bigint AS unchangeable
      FROM backfill.ranges r WHERE r.job_id = j.id AND r.phase = j.phase
     GROUP BY r.pass ORDER BY r.pass DESC LIMIT 1) sweep ON true
  LEFT JOIN LATERAL (
    SELECT s.started_at FROM backfill.phases s WHERE s.job_id = j.id AND s.phase = j.phase
     ORDER BY s.pass DESC LIMIT 1) p ON true;
)sql";

}  // namespace backfill::schema_sql
