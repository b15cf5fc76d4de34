#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// The server can be written to, and is one that we know.
namespace backfill {

CheckResult check_server(Preflight* preflight) {
  const int version = preflight->connection->server_version();
  if (version < 130000) {
    preflight->refuse(
        fmt::format("the server is PostgreSQL {}, and backfill needs 13 or later",
                    version < 100000 ? fmt::format("{}.{}", version / 10000, version / 100 % 100)
                                     : std::to_string(version / 10000)),
        "Upgrade the server first");
  }
  std::string sql =
      "SELECT pg_catalog.pg_is_in_recovery(), "
      "pg_catalog.current_setting('default_transaction_read_only') = 'on', current_user, "
      "pg_catalog.current_database()";
  const auto rows = co_await ask(preflight, std::move(sql));
  if (!rows) co_return rows.error();
  const pg::Row& row = rows->values.at(0);
  preflight->in_recovery = pg::bool_field(row, 0);
  if (preflight->in_recovery) {
    preflight->refuse(preflight->connection->where() + " is a standby and cannot be written to",
                      "Point `database` at the primary, or list all hosts with "
                      "target_session_attrs=read-write");
  } else if (pg::bool_field(row, 1)) {
    preflight->refuse(
        fmt::format("default_transaction_read_only is on for {} in database {}",
                    pg::text_field(row, 2), pg::text_field(row, 3)),
        "Find where it is set (SELECT * FROM pg_settings WHERE name = "
        "'default_transaction_read_only', ALTER ROLE or ALTER DATABASE … SET) and turn it off for "
        "this role");
  }
  co_return Result<void>{};
}

}  // namespace backfill
