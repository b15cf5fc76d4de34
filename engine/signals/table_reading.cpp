#include "signals/table_reading.hpp"

#include <utility>
#include <vector>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// A vacuum of a TOAST table goes on after that of its table has been counted.
constexpr const char* reading_sql = R"(
WITH tree AS (
  SELECT $1::oid AS oid
  UNION SELECT p.relid::oid FROM pg_catalog.pg_partition_tree($1::oid::regclass) AS p
), relations AS (
  SELECT t.oid FROM tree AS t
  UNION SELECT c.reltoastrelid FROM pg_catalog.pg_class AS c JOIN tree AS t ON t.oid = c.oid
   WHERE c.reltoastrelid <> 0
)
SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(t.oid))::bigint,
       pg_catalog.sum(pg_catalog.pg_stat_get_vacuum_count(t.oid)
                      + pg_catalog.pg_stat_get_autovacuum_count(t.oid))::bigint,
       EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum AS v
                 JOIN relations AS r ON r.oid = v.relid
                WHERE v.datname = pg_catalog.current_database()),
       pg_catalog.sum(pg_catalog.pg_stat_get_tuples_updated(t.oid))::bigint,
       pg_catalog.sum(pg_catalog.pg_stat_get_tuples_hot_updated(t.oid))::bigint
FROM tree AS t)";

constexpr const char* dead_sql = R"(
SELECT pg_catalog.sum(pg_catalog.pg_stat_get_dead_tuples(t.oid))::bigint,
       pg_catalog.sum(pg_catalog.pg_stat_get_live_tuples(t.oid))::bigint
FROM (SELECT $1::oid AS oid
      UNION SELECT p.relid::oid FROM pg_catalog.pg_partition_tree($1::oid::regclass) AS p) AS t)";

}  // namespace

pg::asio::awaitable<Result<TableReading>> read_table(pg::Connection* connection,
                                                     std::uint32_t table) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(table));
  TableReading reading;
  reading.taken_at = pg::now();
  const Result<pg::Rows> rows =
      co_await connection->query(reading_sql, std::move(params), read_deadline);
  if (!rows) co_return rows.error();
  const pg::Row& row = rows->values.front();
  const std::optional<std::int64_t> bytes = pg::optional_integer_field(row, 0);
  if (!bytes) co_return fatal_error("the table is gone");
  reading.bytes = ByteCount{*bytes};
  reading.vacuums = pg::integer_field(row, 1);
  reading.being_vacuumed = pg::bool_field(row, 2);
  reading.updates = pg::integer_field(row, 3);
  reading.hot_updates = pg::integer_field(row, 4);
  co_return reading;
}

pg::asio::awaitable<Result<DeadRows>> read_dead_rows(pg::Connection* connection,
                                                     std::uint32_t table) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(table));
  const Result<pg::Rows> rows =
      co_await connection->query(dead_sql, std::move(params), read_deadline);
  if (!rows) co_return rows.error();
  const pg::Row& row = rows->values.front();
  co_return DeadRows{pg::integer_field(row, 0), pg::integer_field(row, 1)};
}

}  // namespace backfill
