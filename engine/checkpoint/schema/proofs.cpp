#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Version 6: what a proof has seen, for those who ask later. The counts and sums are written with
// the cursor, so that each row is in them once, whatever interrupted the sweep.
const std::string_view proofs = R"sql(
ALTER TABLE backfill.ranges ADD COLUMN rows_compared bigint, ADD COLUMN checksum_held numeric,
  ADD COLUMN checksum_expected numeric;
COMMENT ON COLUMN backfill.ranges.rows_compared IS 'Rows that the proof of a type-copy compared; null where none was asked for checksums.';
COMMENT ON COLUMN backfill.ranges.checksum_held IS 'Of them: sum of hashtextextended(ROW(key, new columns)::text, 0).';
COMMENT ON COLUMN backfill.ranges.checksum_expected IS 'The same of the key and what using gives of the old columns.';

DROP FUNCTION backfill.checkpoint_verify(bigint, text, integer, bigint, bigint, bigint, text[],
                                         text[], bigint, boolean, bigint, bigint);

CREATE FUNCTION backfill.checkpoint_verify(
  of_job bigint, of_phase text, of_pass integer, of_range bigint, holder_epoch bigint,
  made_under bigint, expected_cursor text[], next_cursor text[], batch_keys bigint,
  closes boolean, found_differing bigint, found_unchangeable bigint, found_compared bigint,
  sum_held numeric, sum_expected numeric)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  UPDATE backfill.ranges r
    SET cursor = next_cursor, keys_done = r.keys_done + batch_keys, batches = r.batches + 1,
        rows_differing = r.rows_differing + found_differing,
        unchangeable = r.unchangeable + found_unchangeable,
        rows_compared = coalesce(r.rows_compared + found_compared, found_compared, r.rows_compared),
        checksum_held = coalesce(r.checksum_held + sum_held, sum_held, r.checksum_held),
        checksum_expected = coalesce(r.checksum_expected + sum_expected, sum_expected,
                                     r.checksum_expected),
        last_after = expected_cursor, closed = closes, updated_at = clock_timestamp()
    WHERE r.job_id = of_job AND r.phase = of_phase AND r.pass = of_pass AND r.no = of_range
      AND r.epoch = holder_epoch AND r.settlements = made_under
      AND r.cursor IS NOT DISTINCT FROM expected_cursor AND NOT r.closed;
  IF NOT FOUND THEN
    PERFORM backfill.refuse_range(of_job, of_phase, of_pass, of_range, holder_epoch,
                                  expected_cursor, made_under);
  END IF;
END $function$;
COMMENT ON FUNCTION backfill.checkpoint_verify IS 'As checkpoint, for a batch that only counts: its findings are known in time.';

CREATE VIEW backfill.proofs AS
SELECT j.name, r.job_id, r.phase, r.pass, pg_catalog.count(*) AS ranges,
       pg_catalog.bool_and(r.closed) AS complete,
       pg_catalog.sum(r.rows_compared)::bigint AS rows_compared,
       pg_catalog.sum(r.rows_differing)::bigint AS rows_differing,
       pg_catalog.sum(r.checksum_held) AS checksum_held,
       pg_catalog.sum(r.checksum_expected) AS checksum_expected,
       pg_catalog.max(r.updated_at) AS proven_at
  FROM backfill.ranges r JOIN backfill.jobs j ON j.id = r.job_id
 WHERE EXISTS (
   SELECT FROM backfill.ranges c WHERE c.job_id = r.job_id AND c.phase = r.phase
      AND c.pass = r.pass AND c.rows_compared IS NOT NULL)
 GROUP BY j.name, r.job_id, r.phase, r.pass;
COMMENT ON VIEW backfill.proofs IS 'One row per proof of a type-copy: how many rows were compared, how many differ, and the checksums of both sides.';
)sql";

}  // namespace backfill::schema_sql
