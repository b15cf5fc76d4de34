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

}  // namespace

pg::asio::awaitable<Result<std::optional<std::int64_t>>> table_size(pg::Connection* connection,
                                                                    std::uint32_t oid) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(oid));
  const Result<pg::Rows> size =
      co_await connection->query(size_sql, std::move(params), size_deadline);
  if (!size) co_return size.error();
  co_return pg::optional_integer_field(size->values.front(), 0);
}

}  // namespace backfill
