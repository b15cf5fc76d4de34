#include "catalog/maintenance_right.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration catalog_deadline = std::chrono::seconds{15};
/// The first with the privilege MAINTAIN.
constexpr int maintain_since = 170000;

}  // namespace

std::string maintenance_right_sql(int server_version) {
  return fmt::format(
      "SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.pg_has_role(d.datdba, "
      "'USAGE'){}, current_user, pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class "
      "AS "
      "c, pg_catalog.pg_database AS d WHERE c.oid = $1::oid AND d.datname = "
      "pg_catalog.current_database()",
      server_version >= maintain_since ? " OR pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')"
                                       : "");
}

pg::asio::awaitable<Result<bool>> may_maintain(pg::Connection* connection, std::uint32_t table) {
  std::string sql = maintenance_right_sql(connection->server_version());
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(table));
  const auto rows = co_await connection->query(std::move(sql), std::move(params), catalog_deadline);
  if (!rows) co_return rows.error();
  co_return !rows->values.empty() && pg::bool_field(rows->values.front(), 0);
}

}  // namespace backfill
