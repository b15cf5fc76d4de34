#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Version 11: what a table was when the job began with it. A limit on growth holds for the job,
// over all of its runs.
const std::string_view table_starts = R"sql(
CREATE TABLE backfill.table_starts (
  job_id bigint NOT NULL REFERENCES backfill.jobs ON DELETE CASCADE,
  table_oid oid NOT NULL,
  bytes bigint NOT NULL,
  rows_estimated bigint,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (job_id, table_oid)
);
COMMENT ON TABLE backfill.table_starts IS 'The size of each table of a job when the job began with it: what safety.max_growth compares with.';
COMMENT ON COLUMN backfill.table_starts.job_id IS 'The job.';
COMMENT ON COLUMN backfill.table_starts.table_oid IS 'The table: cast to regclass it is its name.';
COMMENT ON COLUMN backfill.table_starts.bytes IS 'Heap, TOAST, maps and indexes, of all partitions.';
COMMENT ON COLUMN backfill.table_starts.rows_estimated IS 'Its rows then, estimated; null when the table had never been analysed.';
COMMENT ON COLUMN backfill.table_starts.taken_at IS 'When that was.';
)sql";

}  // namespace backfill::schema_sql
