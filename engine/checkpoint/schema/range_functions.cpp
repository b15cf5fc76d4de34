#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Every function names all relations with their schema and pins its own search_path, so that the
// path of the job (which the batch has set) cannot change what they mean. A lock is taken on the
// range's row only, never on the job's: one hot row for all workers would cost 10 %.
const std::string_view fence_functions = R"sql(
CREATE OR REPLACE FUNCTION backfill.refuse_range(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  expected_cursor text[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
DECLARE
  found_range backfill.ranges;
BEGIN
  SELECT * INTO found_range FROM backfill.ranges r
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range;
  IF NOT FOUND OR found_range.epoch <> holder_epoch THEN
    RAISE EXCEPTION 'range % of job %, % pass % belongs to epoch %, not to epoch %', of_range,
      of_job, of_phase, of_pass, coalesce(found_range.epoch::text, 'none'), holder_epoch
      USING ERRCODE = 'BF001', HINT = 'Another runner has taken the job over.';
  END IF;
  RAISE EXCEPTION 'range % of job %, % pass % stands at %, not at %', of_range, of_job, of_phase,
    of_pass,
    coalesce(found_range.cursor::text, 'its beginning')
      || CASE WHEN found_range.closed THEN ' (closed)' ELSE '' END,
    coalesce(expected_cursor::text, 'its beginning')
    USING ERRCODE = 'BF002', HINT = 'Read the checkpoint again before going on.';
END $function$;

CREATE OR REPLACE FUNCTION backfill.hold_job(of_job bigint, holder_epoch bigint)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  PERFORM FROM backfill.jobs j WHERE j.id = of_job AND j.epoch = holder_epoch FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'job % is no longer held with epoch %', of_job, holder_epoch
      USING ERRCODE = 'BF001', HINT = 'Another runner has taken the job over.';
  END IF;
END $function$;

COMMENT ON FUNCTION backfill.refuse_range IS 'Says why a checkpoint was not written: BF001 when the epoch differs, BF002 when the cursor stands elsewhere.';
COMMENT ON FUNCTION backfill.hold_job IS 'Keeps the job''s epoch from changing until the transaction ends; BF001 when it has changed already.';
)sql";

// The rows of other ranges that a checkpoint records are locked together with its own, in the
// order of their numbers: two checkpoints that record for each other cannot deadlock.
const std::string_view range_functions = R"sql(
CREATE OR REPLACE FUNCTION backfill.record_rows(
  of_job bigint, of_phase text, of_pass integer, holder_epoch bigint,
  recorded_ranges bigint[], recorded_rows bigint[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  IF cardinality(recorded_ranges) = 0 THEN
    RETURN;
  END IF;
  PERFORM FROM backfill.ranges r
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass
      AND r.no = ANY (recorded_ranges)
    ORDER BY r.no FOR NO KEY UPDATE;
  UPDATE backfill.ranges r
    SET rows_changed = r.rows_changed + recorded.row_count, uncounted = false,
        updated_at = clock_timestamp()
    FROM (SELECT u.range_no, sum(u.row_count)::bigint AS row_count
            FROM unnest(recorded_ranges, recorded_rows) AS u(range_no, row_count)
           GROUP BY u.range_no) AS recorded
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass
      AND r.no = recorded.range_no AND r.epoch = holder_epoch;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, recorded_ranges[1], holder_epoch,
                                  NULL);
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION backfill.checkpoint(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  expected_cursor text[], next_cursor text[], batch_keys bigint, closes boolean,
  recorded_ranges bigint[], recorded_rows bigint[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
DECLARE
  own_rows bigint := 0;
BEGIN
  IF cardinality(recorded_ranges) = 1 AND recorded_ranges[1] = of_range THEN
    own_rows := recorded_rows[1];
  ELSIF cardinality(recorded_ranges) > 0 THEN
    PERFORM FROM backfill.ranges r
      WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass
        AND r.no = ANY (recorded_ranges || of_range)
      ORDER BY r.no FOR NO KEY UPDATE;
    PERFORM backfill.record_rows(of_job, of_phase, of_pass, holder_epoch, recorded_ranges,
                                 recorded_rows);
  END IF;
  UPDATE backfill.ranges r
    SET cursor = next_cursor, keys_done = r.keys_done + batch_keys, batches = r.batches + 1,
        rows_changed = r.rows_changed + own_rows, last_xid = pg_current_xact_id(),
        last_after = expected_cursor, uncounted = true, closed = closes,
        updated_at = clock_timestamp()
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
      AND r.epoch = holder_epoch AND r.cursor IS NOT DISTINCT FROM expected_cursor
      AND NOT r.closed;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch,
                                  expected_cursor);
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION backfill.checkpoint_verify(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  expected_cursor text[], next_cursor text[], batch_keys bigint, closes boolean,
  found_differing bigint, found_unchangeable bigint)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  UPDATE backfill.ranges r
    SET cursor = next_cursor, keys_done = r.keys_done + batch_keys, batches = r.batches + 1,
        rows_differing = r.rows_differing + found_differing,
        unchangeable = r.unchangeable + found_unchangeable,
        last_after = expected_cursor, closed = closes, updated_at = clock_timestamp()
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
      AND r.epoch = holder_epoch AND r.cursor IS NOT DISTINCT FROM expected_cursor
      AND NOT r.closed;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch,
                                  expected_cursor);
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION backfill.open_range(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  lower_key text[], upper_key text[], probed_keys bigint)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
DECLARE
  found_range backfill.ranges;
BEGIN
  PERFORM backfill.hold_job(of_job, holder_epoch);
  INSERT INTO backfill.ranges AS r
      (job_id, phase, pass, no, after_key, through_key, cursor, epoch, keys)
    VALUES (of_job, of_phase, of_pass, of_range, lower_key, upper_key, lower_key, holder_epoch,
            probed_keys)
    ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT * INTO found_range FROM backfill.ranges r
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range;
  IF found_range.after_key IS DISTINCT FROM lower_key
     OR found_range.through_key IS DISTINCT FROM upper_key THEN
    RAISE EXCEPTION 'range % of job %, % pass % is open already from % to %, not from % to %',
      of_range, of_job, of_phase, of_pass,
      coalesce(found_range.after_key::text, 'the beginning'),
      coalesce(found_range.through_key::text, 'the end'),
      coalesce(lower_key::text, 'the beginning'), coalesce(upper_key::text, 'the end')
      USING ERRCODE = 'BF002', HINT = 'Read the checkpoint again before going on.';
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION backfill.close_range(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  expected_cursor text[], recorded_ranges bigint[], recorded_rows bigint[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  PERFORM FROM backfill.ranges r
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass
      AND r.no = ANY (recorded_ranges || of_range)
    ORDER BY r.no FOR NO KEY UPDATE;
  UPDATE backfill.ranges r SET closed = true, updated_at = clock_timestamp()
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
      AND r.epoch = holder_epoch AND r.cursor IS NOT DISTINCT FROM expected_cursor
      AND NOT r.closed;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch,
                                  expected_cursor);
  END IF;
  PERFORM backfill.record_rows(of_job, of_phase, of_pass, holder_epoch, recorded_ranges,
                               recorded_rows);
END $function$;

CREATE OR REPLACE FUNCTION backfill.settle_range(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  OUT settled_cursor text[], OUT settled_closed boolean, OUT settled_uncounted boolean,
  OUT settled_xid xid8, OUT settled_after text[])
LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
DECLARE
  found_epoch bigint;
BEGIN
  SELECT r.cursor, r.closed, r.uncounted, r.last_xid, r.last_after, r.epoch
    INTO settled_cursor, settled_closed, settled_uncounted, settled_xid, settled_after, found_epoch
    FROM backfill.ranges r
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
    FOR UPDATE;
  IF NOT FOUND OR found_epoch <> holder_epoch THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch, NULL);
  END IF;
END $function$;

COMMENT ON FUNCTION backfill.record_rows IS 'Adds the row counts of committed batches to their ranges.';
COMMENT ON FUNCTION backfill.checkpoint IS 'Moves a range''s cursor from expected_cursor to next_cursor within the batch''s transaction, and records the row counts of earlier batches.';
COMMENT ON FUNCTION backfill.checkpoint_verify IS 'As checkpoint, for a batch that only counts: its findings are known in time.';
COMMENT ON FUNCTION backfill.open_range IS 'Creates a range''s checkpoint; succeeds when it exists with the same bounds.';
COMMENT ON FUNCTION backfill.close_range IS 'Marks a range as done whose last keys are behind its cursor.';
COMMENT ON FUNCTION backfill.settle_range IS 'Waits for whatever transaction holds the range''s checkpoint, then reads it.';
)sql";

}  // namespace backfill::schema_sql
