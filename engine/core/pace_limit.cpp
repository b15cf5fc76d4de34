#include "core/pace_limit.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace backfill {

void limit_time(const PaceSettings& pace, JobEstimate* estimate) {
  if (!pace.rows_per_second) return;
  const double least = estimate->rows / static_cast<double>(pace.rows_per_second->value);
  if (least <= estimate->seconds.low) return;
  estimate->seconds = {least, std::max(estimate->seconds.high, least)};
  estimate->seconds_basis +=
      fmt::format("; pace.rows_per_second allows {}", pace.rows_per_second->value);
}

}  // namespace backfill
