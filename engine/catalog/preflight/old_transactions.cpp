#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// While a transaction is open, VACUUM and pruning keep every row version that it might still see:
/// a backfill beside it makes the table grow by all that it replaces.
namespace backfill {
namespace {

/// $1 the age in seconds. Sessions of other roles show no times to a role without
/// pg_read_all_stats: those stay unseen. Prepared transactions belong to no session.
constexpr std::string_view oldest_sql = R"(
SELECT pg_catalog.format('transaction of %s (process %s%s)', coalesce(usename, 'unknown'), pid,
                         CASE WHEN application_name <> '' THEN ', ' || application_name ELSE '' END),
       extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)::bigint, pid::text
FROM pg_catalog.pg_stat_activity
WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
  AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
  AND xact_start < pg_catalog.clock_timestamp() - $1::float8 * interval '1 second'
UNION ALL
SELECT pg_catalog.format('prepared transaction %L of %s', gid, owner),
       extract(epoch FROM pg_catalog.clock_timestamp() - prepared)::bigint, NULL
FROM pg_catalog.pg_prepared_xacts
WHERE database = pg_catalog.current_database()
  AND prepared < pg_catalog.clock_timestamp() - $1::float8 * interval '1 second'
ORDER BY 2 DESC LIMIT 3)";

std::string in_minutes(std::int64_t seconds) {
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} minutes", seconds / 60);
  return fmt::format("{} hours", seconds / 3600);
}

}  // namespace

CheckResult check_old_transactions(Preflight* preflight) {
  const double age = std::chrono::duration<double>(preflight->settings.old_transaction).count();
  const std::vector<pg::Param> params{fmt::format("{}", age)};
  std::string sql{oldest_sql};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  for (const pg::Row& row : rows->values) {
    const std::string pid = pg::text_field(row, 2);
    preflight->warn(fmt::format("a {} has been open for {}: until it ends, {} grows by every row "
                                "that the job changes",
                                pg::text_field(row, 0), in_minutes(pg::integer_field(row, 1)),
                                preflight->table()),
                    pid.empty() ? "COMMIT PREPARED or ROLLBACK PREPARED it first"
                                : fmt::format("Wait for it, or end it: SELECT "
                                              "pg_terminate_backend({})",
                                              pid));
  }
  co_return Result<void>{};
}

}  // namespace backfill
