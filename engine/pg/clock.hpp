#pragma once

#include <chrono>

#include "core/time.hpp"

namespace backfill::pg {

/// The runner's monotonic clock: steady_clock, cut to microseconds. The core has no clock of its
/// own.
[[nodiscard]] Instant now();

/// The same moment as Asio's steady timers count it.
[[nodiscard]] std::chrono::steady_clock::time_point to_steady(Instant moment);

}  // namespace backfill::pg
