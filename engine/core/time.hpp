#pragma once

#include <chrono>

namespace backfill {

using Duration = std::chrono::microseconds;

/// The tag of our time line. It has no now(): time is told to the core, never asked for by it.
struct MonotonicTime {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  static constexpr bool is_steady = true;
};

/// A moment on the runner's monotonic clock (or the simulator's virtual one).
using Instant = std::chrono::time_point<MonotonicTime, Duration>;

}  // namespace backfill
