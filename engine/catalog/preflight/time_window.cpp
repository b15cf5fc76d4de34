#include <utility>

#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "catalog/time_zones.hpp"

namespace backfill {

CheckResult check_time_window(Preflight* preflight) {
  const std::optional<TimeWindow>& window = preflight->job->throttle.window;
  if (!window) co_return Result<void>{};
  std::string zone = window->zone;
  const Result<bool> known = co_await knows_time_zone(preflight->connection, std::move(zone));
  if (!known) co_return known.error();
  if (!*known) {
    preflight->refuse(
        fmt::format("throttle.window: this server knows no time zone \"{}\"", window->zone),
        "Take one of pg_timezone_names, such as Europe/London or UTC");
  }
  co_return Result<void>{};
}

}  // namespace backfill
