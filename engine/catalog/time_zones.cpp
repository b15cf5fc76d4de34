#include "catalog/time_zones.hpp"

#include <utility>
#include <vector>

#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration ask_deadline = std::chrono::seconds{10};
constexpr const char* known_sql =
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE pg_catalog.lower(name) = "
    "pg_catalog.lower($1)) OR EXISTS (SELECT FROM pg_catalog.pg_timezone_abbrevs WHERE abbrev = "
    "pg_catalog.upper($1))";

}  // namespace

pg::asio::awaitable<Result<bool>> knows_time_zone(pg::Connection* connection, std::string zone) {
  std::vector<pg::Param> params;
  params.emplace_back(std::move(zone));
  const Result<pg::Rows> rows =
      co_await connection->query(known_sql, std::move(params), ask_deadline);
  if (!rows) co_return rows.error();
  co_return pg::bool_field(rows->values.front(), 0);
}

}  // namespace backfill
