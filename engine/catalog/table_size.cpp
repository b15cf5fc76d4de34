#include "catalog/table_size.hpp"

#include <string>
#include <utility>
#include <vector>

#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration size_deadline = std::chrono::seconds{15};
constexpr const char* size_sql =
    "SELECT pg_catalog.sum(pg_catalog.pg_table_size(tree.relid))::bigint FROM "
    "(SELECT relid FROM pg_catalog.pg_partition_tree($1::oid) UNION SELECT $1::oid) AS tree";

constexpr const char* count_sql =
    "SELECT pg_catalog.sum(pg_catalog.pg_stat_get_live_tuples(tree.relid))::bigint FROM "
    "(SELECT relid FROM pg_catalog.pg_partition_tree($1::oid) UNION SELECT $1::oid) AS tree";

pg::asio::awaitable<Result<std::optional<std::int64_t>>> ask(pg::Connection* connection,
                                                             const char* sql, std::uint32_t oid) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(oid));
  const Result<pg::Rows> answer = co_await connection->query(sql, std::move(params), size_deadline);
  if (!answer) co_return answer.error();
  co_return pg::optional_integer_field(answer->values.front(), 0);
}

}  // namespace

pg::asio::awaitable<Result<std::optional<std::int64_t>>> table_size(pg::Connection* connection,
                                                                    std::uint32_t oid) {
  return ask(connection, size_sql, oid);
}

pg::asio::awaitable<Result<std::optional<std::int64_t>>> counted_rows(pg::Connection* connection,
                                                                      std::uint32_t oid) {
  Result<std::optional<std::int64_t>> counted = co_await ask(connection, count_sql, oid);
  if (counted && counted->value_or(0) <= 0) co_return std::optional<std::int64_t>{};
  co_return counted;
}

}  // namespace backfill
