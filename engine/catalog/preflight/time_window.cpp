#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// Only the server knows its time zones: one that it does not know would stop the job as a signal
/// that cannot be read.
namespace backfill {

CheckResult check_time_window(Preflight* preflight) {
  const std::optional<TimeWindow>& window = preflight->job->throttle.window;
  if (!window) co_return Result<void>{};
  std::string sql =
      "SELECT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE pg_catalog.lower(name) = "
      "pg_catalog.lower($1)) OR EXISTS (SELECT FROM pg_catalog.pg_timezone_abbrevs WHERE abbrev = "
      "pg_catalog.upper($1))";
  const std::vector<pg::Param> params{window->zone};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  if (!pg::bool_field(rows->values.front(), 0)) {
    preflight->refuse(
        fmt::format("throttle.window: this server knows no time zone \"{}\"", window->zone),
        "Take one of pg_timezone_names, such as Europe/London or UTC");
  }
  co_return Result<void>{};
}

}  // namespace backfill
