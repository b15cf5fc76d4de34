#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Sums over the ranges are a few thousand rows at most: no counter is kept twice.
const std::string_view status_view = R"sql(
CREATE OR REPLACE VIEW backfill.status AS
SELECT j.id AS job_id, j.name, j.kind, j.table_name, j.phase, sweep.pass, j.state, j.epoch,
       j.rows_estimated, coalesce(sweep.keys, 0) AS keys, coalesce(sweep.keys_done, 0) AS keys_done,
       coalesce(sweep.ranges, 0) AS ranges, coalesce(sweep.ranges_closed, 0) AS ranges_closed,
       coalesce(total.batches, 0) AS batches, coalesce(total.rows_changed, 0) AS rows_changed,
       coalesce(sweep.rows_differing, 0) AS rows_differing,
       coalesce(sweep.unchangeable, 0) AS unchangeable, total.checkpoint_at,
       l.runner IS NOT NULL AND l.released_at IS NULL
         AND l.heartbeat_at + l.ttl >= pg_catalog.clock_timestamp() AS held,
       l.host, l.pid, l.acquired_at, l.heartbeat_at, coalesce(l.progress, '{}') AS progress,
       j.created_at, j.created_by, p.started_at AS phase_started_at, j.finished_at, j.last_error
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

COMMENT ON VIEW backfill.status IS 'One row per job: where it stands, who runs it, and how far the current phase has come.';
)sql";

}  // namespace backfill::schema_sql
