#include <fmt/format.h>

#include "catalog/maintenance_right.hpp"
#include "catalog/preflight/checks.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"

/// What `safety.vacuum` and `safety.analyze` ask for is the owner's right; to anybody else the
/// server only gives a warning, and does nothing.
namespace backfill {

CheckResult check_maintenance(Preflight* preflight) {
  const SafetySettings& safety = preflight->job->safety;
  if (safety.max_growth) {
    preflight->note(
        fmt::format("the job stops (exit 5) before {} with its indexes and TOAST is {} % "
                    "larger than when it began",
                    preflight->table(), *safety.max_growth));
  }
  const bool vacuums = safety.vacuum.when != VacuumSettings::When::never;
  const bool analyzes = safety.analyze == ClosingAnalyze::at_end;
  if (!vacuums && !analyzes) co_return Result<void>{};
  const std::vector<pg::Param> params{preflight->oid()};
  std::string sql = maintenance_right_sql(preflight->connection->server_version());
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  if (rows->values.empty()) co_return fatal_error("the table is gone");
  const pg::Row& row = rows->values.front();
  if (pg::bool_field(row, 0)) co_return Result<void>{};
  const std::string user = quote_identifier(pg::text_field(row, 1));
  const std::string owner = quote_identifier(pg::text_field(row, 2));
  const std::string why =
      fmt::format("{} may not maintain {}, which belongs to {}", user, preflight->table(), owner);
  if (vacuums) {
    preflight->refuse(fmt::format("`safety.vacuum` cannot be: {}", why),
                      fmt::format("GRANT {} TO {}, or leave it to autovacuum: safety.vacuum: never",
                                  owner, user));
  } else {
    preflight->note(fmt::format("the statistics will not be renewed at the end: {}", why),
                    fmt::format("ANALYZE {} as its owner afterwards", preflight->table()));
  }
  co_return Result<void>{};
}

}  // namespace backfill
