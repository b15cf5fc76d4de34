#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// Under row-level security an UPDATE silently leaves out the rows that a policy hides: the job
/// would end with rows untouched and call itself complete.
namespace backfill {

CheckResult check_row_security(Preflight* preflight) {
  const std::vector<pg::Param> params{preflight->oid()};
  std::string sql =
      "SELECT pg_catalog.row_security_active($1::oid), current_user, c.relforcerowsecurity "
      "FROM pg_catalog.pg_class AS c WHERE c.oid = $1::oid";
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  if (rows->values.empty() || !pg::bool_field(rows->values.front(), 0)) co_return Result<void>{};
  const std::string user = pg::text_field(rows->values.front(), 1);
  const bool forced = pg::bool_field(rows->values.front(), 2);
  preflight->refuse(
      fmt::format("row-level security of {} applies to {}: rows that its policies hide would be "
                  "left out in silence",
                  preflight->table(), user),
      forced ? "Run as a role with BYPASSRLS (the policies are FORCEd, also for the owner)"
             : "Run as the table's owner, or as a role with BYPASSRLS");
  co_return Result<void>{};
}

}  // namespace backfill
