#include "catalog/key_position.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/sql_text.hpp"
#include "pg/field.hpp"

namespace backfill {
namespace {

bool is_integer(const std::string& type) {
  return type == "smallint" || type == "integer" || type == "bigint";
}

/// $1 the value, $2 schema, $3 table, $4 column, $5 whether partitions are counted in.
/// The empty subquery gives the comparison the column's collation: the histogram is sorted by it.
/// The type modifier of an array's element would be applied to every bound, which fits it anyway.
std::string histogram_sql(const Target& target) {
  const KeyColumn& column = target.key.columns.front();
  const std::string table = quote_name(target.table);
  return fmt::format(
      "SELECT CASE WHEN passed = 0 THEN 0 WHEN passed >= bounds THEN 1 "
      "ELSE (passed - 0.5) / (bounds - 1) END::float8 FROM ("
      "SELECT pg_catalog.width_bucket(coalesce((SELECT {0} FROM {1} LIMIT 0), $1::{2}), list) "
      "AS passed, pg_catalog.cardinality(list) AS bounds FROM ("
      "SELECT s.histogram_bounds::text::{2}[] AS list FROM pg_catalog.pg_stats AS s "
      "WHERE s.schemaname = $2 AND s.tablename = $3 AND s.attname = $4 AND s.inherited = "
      "$5::boolean "
      "AND s.histogram_bounds IS NOT NULL) AS histogram "
      "WHERE pg_catalog.cardinality(list) > 1) AS place",
      quote_identifier(column.name), table, column.type);
}

std::string extremes_sql(const Target& target) {
  const KeyColumn& column = target.key.columns.front();
  return fmt::format(
      "SELECT CASE WHEN high > low THEN least(1, greatest(0, ($1::numeric - low) / (high - low))) "
      "ELSE 1 END::float8 FROM (SELECT min({0})::numeric AS low, max({0})::numeric AS high "
      "FROM {1}) AS ends WHERE low IS NOT NULL",
      quote_identifier(column.name), quote_name(target.table));
}

std::optional<double> fraction_of(const pg::Rows& rows) {
  if (rows.values.empty()) return std::nullopt;
  const std::optional<double> fraction = pg::optional_number_field(rows.values.front(), 0);
  if (!fraction) return std::nullopt;
  return std::clamp(*fraction, 0.0, 1.0);
}

}  // namespace

asio::awaitable<Result<std::optional<double>>> key_position(pg::Connection* connection,
                                                            Target target, KeyValue position,
                                                            Duration deadline) {
  const std::string value = position.at(0);
  const KeyColumn& column = target.key.columns.at(0);
  std::string sql = histogram_sql(target);
  std::vector<pg::Param> params{value, target.table.schema.value_or("public"), target.table.name,
                                column.name, target.partitioned ? "true" : "false"};
  const auto placed = co_await connection->query(std::move(sql), std::move(params), deadline);
  if (!placed) co_return placed.error();
  const std::optional<double> by_histogram = fraction_of(*placed);
  if (by_histogram || !is_integer(column.type)) co_return by_histogram;
  std::string extremes = extremes_sql(target);
  std::vector<pg::Param> only_value{value};
  const auto ends =
      co_await connection->query(std::move(extremes), std::move(only_value), deadline);
  if (!ends) co_return ends.error();
  co_return fraction_of(*ends);
}

}  // namespace backfill
