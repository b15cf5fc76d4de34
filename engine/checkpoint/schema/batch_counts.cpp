#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Version 9: a batch's count of rows is in its own transaction. The command tag, which tells it
// best, arrives when the COMMIT is on its way; but the session's statistics know the rows that its
// transactions have written to a table so far (PostgreSQL manual, "Monitoring Database Activity":
// pg_stat_xact_all_tables). What was written before the batch is subtracted, since the statistics
// of earlier transactions may not have been handed on yet. Deleted rows count: an update that moves
// a row to another partition is a deletion there.
const std::string_view batch_counts = R"sql(
ALTER TABLE backfill.ranges ADD COLUMN last_rows bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN backfill.ranges.last_rows IS 'Rows that the last batch changed, unless uncounted.';
COMMENT ON COLUMN backfill.ranges.uncounted IS 'The last batch''s row count is not yet in rows_changed: the server keeps no statistics (track_counts), and the runner records the count with its next transaction.';

CREATE FUNCTION backfill.rows_written(of_table oid) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
DECLARE
  rows bigint;
BEGIN
  IF (SELECT c.relhassubclass FROM pg_class c WHERE c.oid = of_table) THEN
    WITH RECURSIVE parts AS (
      SELECT of_table AS part
      UNION
      SELECT i.inhrelid FROM pg_inherits i JOIN parts p ON i.inhparent = p.part)
    SELECT sum(pg_stat_get_xact_tuples_updated(p.part) + pg_stat_get_xact_tuples_deleted(p.part))
      INTO rows FROM parts p;
    RETURN rows;
  END IF;
  RETURN pg_stat_get_xact_tuples_updated(of_table) + pg_stat_get_xact_tuples_deleted(of_table);
END $function$;

CREATE FUNCTION backfill.record_batch(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, rows bigint)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  IF NOT current_setting('track_counts')::boolean THEN
    RETURN NULL;
  END IF;
  UPDATE backfill.ranges r
    SET rows_changed = r.rows_changed + rows, last_rows = rows, uncounted = false
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
      AND r.last_xid = pg_current_xact_id();
  RETURN CASE WHEN FOUND THEN rows END;
END $function$;

DROP FUNCTION backfill.settle_range(bigint, text, integer, bigint, bigint, bigint);
CREATE FUNCTION backfill.settle_range(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  raised_to bigint, OUT settled_cursor text[], OUT settled_closed boolean,
  OUT settled_uncounted boolean, OUT settled_xid xid8, OUT settled_after text[],
  OUT settled_through text[], OUT settled_stripe integer, OUT settled_rows bigint)
LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  UPDATE backfill.ranges r SET settlements = greatest(r.settlements, raised_to)
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
      AND r.epoch = holder_epoch
    RETURNING r.cursor, r.closed, r.uncounted, r.last_xid, r.last_after, r.last_through, r.stripe,
              CASE WHEN r.uncounted THEN 0 ELSE r.last_rows END
    INTO settled_cursor, settled_closed, settled_uncounted, settled_xid, settled_after,
         settled_through, settled_stripe, settled_rows;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch, NULL, NULL);
  END IF;
END $function$;

COMMENT ON FUNCTION backfill.rows_written IS 'Rows of the table and its partitions or children that this session has updated or deleted, as far as its statistics have not been handed on.';
COMMENT ON FUNCTION backfill.record_batch IS 'Adds the rows that the batch of this transaction changed to its range''s count; null where the server keeps no statistics.';
COMMENT ON FUNCTION backfill.settle_range IS 'Waits for whatever transaction holds the range''s checkpoint, then reads it, and lets no checkpoint follow that was made before.';
)sql";

}  // namespace backfill::schema_sql
