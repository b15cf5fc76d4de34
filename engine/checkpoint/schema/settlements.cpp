#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Version 3. What settles the doubt about a range also fences it. A batch whose COMMIT was not
// answered may still be on its way (in a pooler, in a socket's buffer) when its range is settled
// and found untouched; the counts it carries are then given to another transaction. Were it to
// begin after that, its cursor would fit, and the counts would be recorded twice. So a settling
// raises the range's number, a checkpoint carries the number it was made under, and one that comes
// late is refused like one that expects another cursor.
//
// The number to raise to is the caller's: a settling that is repeated, or comes late itself, raises
// nothing further.
const std::string_view settlements = R"sql(
ALTER TABLE backfill.ranges ADD COLUMN settlements bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN backfill.ranges.settlements IS 'How often doubt about a COMMIT was settled; a checkpoint made before the last time is refused.';

DROP FUNCTION backfill.checkpoint(bigint, text, integer, bigint, bigint, integer, text[], text[],
                                  bigint, boolean, boolean, bigint[], bigint[]);
DROP FUNCTION backfill.checkpoint_verify(bigint, text, integer, bigint, bigint, text[], text[],
                                         bigint, boolean, bigint, bigint);
DROP FUNCTION backfill.close_range(bigint, text, integer, bigint, bigint, text[], bigint[],
                                   bigint[]);
DROP FUNCTION backfill.settle_range(bigint, text, integer, bigint, bigint);
DROP FUNCTION backfill.refuse_range(bigint, text, integer, bigint, bigint, text[]);

CREATE FUNCTION backfill.refuse_range(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  expected_cursor text[], made_under bigint)
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
  IF found_range.settlements <> made_under THEN
    RAISE EXCEPTION 'range % of job %, % pass % has been settled % times, this checkpoint was made after %',
      of_range, of_job, of_phase, of_pass, found_range.settlements, made_under
      USING ERRCODE = 'BF002', HINT = 'Read the checkpoint again before going on.';
  END IF;
  RAISE EXCEPTION 'range % of job %, % pass % stands at %, not at %', of_range, of_job, of_phase,
    of_pass,
    coalesce(found_range.cursor::text, 'its beginning')
      || CASE WHEN found_range.closed THEN ' (closed)' ELSE '' END,
    coalesce(expected_cursor::text, 'its beginning')
    USING ERRCODE = 'BF002', HINT = 'Read the checkpoint again before going on.';
END $function$;

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
                                  NULL, NULL);
  END IF;
END $function$;

CREATE FUNCTION backfill.checkpoint(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  made_under bigint, expected_stripe integer, expected_cursor text[], next_cursor text[],
  batch_keys bigint, ends_stripe boolean, closes boolean, recorded_ranges bigint[], recorded_rows bigint[])
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
    SET cursor = CASE WHEN ends_stripe THEN r.after_key ELSE next_cursor END,
        stripe = r.stripe + ends_stripe::integer,
        keys_done = r.keys_done + batch_keys, batches = r.batches + 1,
        rows_changed = r.rows_changed + own_rows, last_xid = pg_current_xact_id(),
        last_after = expected_cursor, last_through = next_cursor, uncounted = true,
        closed = closes, updated_at = clock_timestamp()
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
      AND r.epoch = holder_epoch AND r.settlements = made_under
      AND r.cursor IS NOT DISTINCT FROM expected_cursor AND r.stripe = expected_stripe
      AND r.stripe + ends_stripe::integer < r.stripes AND NOT r.closed;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch,
                                  expected_cursor, made_under);
  END IF;
END $function$;

CREATE FUNCTION backfill.checkpoint_verify(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  made_under bigint, expected_cursor text[], next_cursor text[], batch_keys bigint,
  closes boolean, found_differing bigint, found_unchangeable bigint)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  UPDATE backfill.ranges r
    SET cursor = next_cursor, keys_done = r.keys_done + batch_keys, batches = r.batches + 1,
        rows_differing = r.rows_differing + found_differing,
        unchangeable = r.unchangeable + found_unchangeable,
        last_after = expected_cursor, closed = closes, updated_at = clock_timestamp()
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
      AND r.epoch = holder_epoch AND r.settlements = made_under
      AND r.cursor IS NOT DISTINCT FROM expected_cursor AND NOT r.closed;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch,
                                  expected_cursor, made_under);
  END IF;
END $function$;

CREATE FUNCTION backfill.close_range(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  made_under bigint, expected_cursor text[], recorded_ranges bigint[], recorded_rows bigint[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  PERFORM FROM backfill.ranges r
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass
      AND r.no = ANY (recorded_ranges || of_range)
    ORDER BY r.no FOR NO KEY UPDATE;
  UPDATE backfill.ranges r SET closed = true, updated_at = clock_timestamp()
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
      AND r.epoch = holder_epoch AND r.settlements = made_under
      AND r.cursor IS NOT DISTINCT FROM expected_cursor AND NOT r.closed;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch,
                                  expected_cursor, made_under);
  END IF;
  PERFORM backfill.record_rows(of_job, of_phase, of_pass, holder_epoch, recorded_ranges,
                               recorded_rows);
END $function$;

CREATE FUNCTION backfill.settle_range(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  raised_to bigint, OUT settled_cursor text[], OUT settled_closed boolean,
  OUT settled_uncounted boolean, OUT settled_xid xid8, OUT settled_after text[],
  OUT settled_through text[], OUT settled_stripe integer)
LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  UPDATE backfill.ranges r SET settlements = greatest(r.settlements, raised_to)
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
      AND r.epoch = holder_epoch
    RETURNING r.cursor, r.closed, r.uncounted, r.last_xid, r.last_after, r.last_through, r.stripe
    INTO settled_cursor, settled_closed, settled_uncounted, settled_xid, settled_after,
         settled_through, settled_stripe;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch, NULL, NULL);
  END IF;
END $function$;

COMMENT ON FUNCTION backfill.refuse_range IS 'Says why a checkpoint was not written: BF001 when the epoch differs, BF002 when the cursor stands elsewhere or the range has been settled since.';
COMMENT ON FUNCTION backfill.checkpoint IS 'Moves a range''s cursor from expected_cursor to next_cursor within the batch''s transaction, or at the end of a stripe back to the beginning, and records the row counts of earlier batches.';
COMMENT ON FUNCTION backfill.checkpoint_verify IS 'As checkpoint, for a batch that only counts: its findings are known in time.';
COMMENT ON FUNCTION backfill.close_range IS 'Marks a range as done whose last keys are behind its cursor.';
COMMENT ON FUNCTION backfill.settle_range IS 'Waits for whatever transaction holds the range''s checkpoint, then reads it, and lets no checkpoint follow that was made before.';
)sql";

// An event is written by a runner that may not learn whether it was: it tries again, and the pair
// of its epoch and its number keeps the second from being another event.
const std::string_view event_numbers = R"sql(
ALTER TABLE backfill.events ADD COLUMN epoch bigint, ADD COLUMN no bigint;
COMMENT ON COLUMN backfill.events.epoch IS 'The epoch of the runner that told it; null when it was not a runner.';
COMMENT ON COLUMN backfill.events.no IS 'Number of the event among those of that runner: none is written twice.';
CREATE UNIQUE INDEX events_once ON backfill.events (job_id, epoch, no);
)sql";

}  // namespace backfill::schema_sql
