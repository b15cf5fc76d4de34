#include "checkpoint/table_start.hpp"

#include <string>
#include <utility>
#include <vector>

#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr const char* keep_sql = R"(
INSERT INTO backfill.table_starts AS s (job_id, table_oid, bytes, rows_estimated)
SELECT j.id, $3::oid, (
         SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(tree.oid))
           FROM (SELECT $3::oid AS oid UNION
                 SELECT p.relid::oid FROM pg_catalog.pg_partition_tree($3::oid::regclass) AS p) AS tree
       )::bigint, $4::bigint
  FROM backfill.jobs AS j
 WHERE j.id = $1::bigint AND j.epoch = $2::bigint
ON CONFLICT (job_id, table_oid) DO UPDATE
  SET bytes = excluded.bytes, rows_estimated = excluded.rows_estimated,
      taken_at = pg_catalog.clock_timestamp()
  WHERE NOT EXISTS (SELECT FROM backfill.ranges AS r WHERE r.job_id = excluded.job_id))";

constexpr const char* kept_sql = R"(
SELECT s.bytes, s.rows_estimated
  FROM backfill.table_starts AS s JOIN backfill.jobs AS j ON j.id = s.job_id
 WHERE j.id = $1::bigint AND j.epoch = $2::bigint AND s.table_oid = $3::oid)";

}  // namespace

pg::asio::awaitable<Result<TableStart>> table_start(pg::Connection* connection,
                                                    TableToStart table) {
  pg::Statement keep;
  keep.sql = keep_sql;
  keep.params.emplace_back(std::to_string(table.job.value));
  keep.params.emplace_back(std::to_string(table.epoch.value));
  keep.params.emplace_back(std::to_string(table.table));
  pg::Statement kept;
  kept.sql = kept_sql;
  kept.params = keep.params;
  keep.params.push_back(table.rows ? pg::Param{std::to_string(*table.rows)} : pg::Param{});
  std::vector<pg::Statement> statements;
  statements.push_back(std::move(keep));
  statements.push_back(std::move(kept));
  TransactionSettings settings;
  settings.synchronous = true;
  const auto done = co_await run_transaction(connection, std::move(settings), std::move(statements),
                                             control_deadline);
  if (!done) co_return done.error();
  if (done->back().values.empty()) {
    Error lost = fatal_error("another runner has taken the job over");
    lost.kind = ErrorClass::lease_lost;
    co_return lost;
  }
  const pg::Row& row = done->back().values.front();
  TableStart start;
  start.bytes = ByteCount{pg::integer_field(row, 0)};
  if (const auto rows = pg::optional_integer_field(row, 1)) start.rows = RowCount{*rows};
  co_return start;
}

}  // namespace backfill
