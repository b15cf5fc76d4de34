#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Version 2: a range may be visited in several stripes. Where the last batch ended is kept beside
// the cursor, which the end of a stripe sends back to the beginning.
const std::string_view stripe_columns = R"sql(
ALTER TABLE backfill.ranges
  ADD COLUMN stripe smallint NOT NULL DEFAULT 0,
  ADD COLUMN stripes smallint NOT NULL DEFAULT 1,
  ADD COLUMN last_through text[] COLLATE "C";
UPDATE backfill.ranges SET last_through = cursor WHERE batches > 0;

COMMENT ON COLUMN backfill.ranges.stripe IS 'The visit that the cursor belongs to, from 0: it changes the rows whose key hashes to this number.';
COMMENT ON COLUMN backfill.ranges.stripes IS 'How many times the range is visited from its beginning to its end, each time for another part of its rows.';
COMMENT ON COLUMN backfill.ranges.last_through IS 'Where the last committed batch ended.';

DROP FUNCTION backfill.checkpoint(bigint, text, integer, bigint, bigint, text[], text[], bigint,
                                  boolean, bigint[], bigint[]);
DROP FUNCTION backfill.open_range(bigint, text, integer, bigint, bigint, text[], text[], bigint);
DROP FUNCTION backfill.settle_range(bigint, text, integer, bigint, bigint);
)sql";

const std::string_view striped_range_functions = R"sql(
CREATE OR REPLACE FUNCTION backfill.checkpoint(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  expected_stripe integer, expected_cursor text[], next_cursor text[], batch_keys bigint,
  ends_stripe boolean, closes boolean, recorded_ranges bigint[], recorded_rows bigint[])
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
      AND r.epoch = holder_epoch AND r.cursor IS NOT DISTINCT FROM expected_cursor
      AND r.stripe = expected_stripe AND r.stripe + ends_stripe::integer < r.stripes
      AND NOT r.closed;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch,
                                  expected_cursor);
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION backfill.open_range(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  lower_key text[], upper_key text[], probed_keys bigint, visits integer)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
DECLARE
  found_range backfill.ranges;
BEGIN
  PERFORM backfill.hold_job(of_job, holder_epoch);
  INSERT INTO backfill.ranges AS r
      (job_id, phase, pass, no, after_key, through_key, cursor, epoch, keys, stripes)
    VALUES (of_job, of_phase, of_pass, of_range, lower_key, upper_key, lower_key, holder_epoch,
            probed_keys, visits)
    ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT * INTO found_range FROM backfill.ranges r
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range;
  IF found_range.after_key IS DISTINCT FROM lower_key
     OR found_range.through_key IS DISTINCT FROM upper_key
     OR found_range.stripes <> visits THEN
    RAISE EXCEPTION
      'range % of job %, % pass % is open already from % to % (stripes: %), not from % to % (%)',
      of_range, of_job, of_phase, of_pass,
      coalesce(found_range.after_key::text, 'the beginning'),
      coalesce(found_range.through_key::text, 'the end'), found_range.stripes,
      coalesce(lower_key::text, 'the beginning'), coalesce(upper_key::text, 'the end'), visits
      USING ERRCODE = 'BF002', HINT = 'Read the checkpoint again before going on.';
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION backfill.settle_range(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  OUT settled_cursor text[], OUT settled_closed boolean, OUT settled_uncounted boolean,
  OUT settled_xid xid8, OUT settled_after text[], OUT settled_through text[],
  OUT settled_stripe integer)
LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
DECLARE
  found_epoch bigint;
BEGIN
  SELECT r.cursor, r.closed, r.uncounted, r.last_xid, r.last_after, r.last_through, r.stripe,
         r.epoch
    INTO settled_cursor, settled_closed, settled_uncounted, settled_xid, settled_after,
         settled_through, settled_stripe, found_epoch
    FROM backfill.ranges r
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
    FOR UPDATE;
  IF NOT FOUND OR found_epoch <> holder_epoch THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch, NULL);
  END IF;
END $function$;

COMMENT ON FUNCTION backfill.checkpoint IS 'Moves a range''s cursor from expected_cursor to next_cursor within the batch''s transaction, or at the end of a stripe back to the beginning, and records the row counts of earlier batches.';
COMMENT ON FUNCTION backfill.open_range IS 'Creates a range''s checkpoint; succeeds when it exists with the same bounds and stripes.';
COMMENT ON FUNCTION backfill.settle_range IS 'Waits for whatever transaction holds the range''s checkpoint, then reads it.';
)sql";

}  // namespace backfill::schema_sql
