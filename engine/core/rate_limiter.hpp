#pragma once

#include <optional>

#include "backfill/units.hpp"
#include "core/time.hpp"

namespace backfill {

/// `pace.rows_per_second`, of rows changed: a token bucket, kept as the moment at which everything
/// spent so far is paid off (the virtual scheduling form of ITU-T I.371's generic cell rate
/// algorithm). A batch may start when nothing is owed, and is spent when it has committed, since
/// only then is it known how many rows it changed; what is larger than the bucket is paid off after
/// it, so that no size can starve.
class RateLimiter {
 public:
  /// Without a rate nothing ever waits. A rate below 1 counts as 1.
  explicit RateLimiter(std::optional<RowCount> rows_per_second = std::nullopt)
      : rate_(rows_per_second) {}

  /// Rows that are owed stay owed, and are paid off at the new rate.
  void set(std::optional<RowCount> rows_per_second, Instant now);

  /// The earliest moment, from `now` on, at which a batch may start.
  [[nodiscard]] Instant next_start(Instant now) const;

  void spend(RowCount rows, Instant now);

 private:
  [[nodiscard]] double rows_per_second() const;

  std::optional<RowCount> rate_;
  std::optional<Instant> paid_off_at_;
};

}  // namespace backfill
