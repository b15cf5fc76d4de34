#include "pg/clock.hpp"

namespace backfill::pg {

Instant now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return Instant{std::chrono::floor<Duration>(since_boot)};
}

std::chrono::steady_clock::time_point to_steady(Instant moment) {
  return std::chrono::steady_clock::time_point{moment.time_since_epoch()};
}

}  // namespace backfill::pg
