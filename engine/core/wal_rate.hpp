#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "core/time.hpp"

namespace backfill {

/// How fast the log grows, from samples of its position: over the last seconds, since one sample
/// that comes late would look like a burst.
class WalRate {
 public:
  /// Position in bytes. One that lies before the last (another server answers after a fail-over)
  /// begins anew.
  void on_sample(std::int64_t position, Instant at);

  /// Bytes a second; absent before there are two samples.
  [[nodiscard]] std::optional<double> bytes_per_second() const;

 private:
  struct Sample {
    std::int64_t position = 0;
    Instant at{};
  };
  std::deque<Sample> samples_;
};

}  // namespace backfill
