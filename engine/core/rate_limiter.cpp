#include "core/rate_limiter.hpp"

#include <algorithm>

namespace backfill {
namespace {

/// What was not used is kept for one second's worth of rows: enough to even out the pauses between
/// batches, too little for a burst that a standby would notice.
constexpr Duration credit_max = std::chrono::seconds(1);

/// No debt can reach further than that; it keeps the arithmetic far from overflow.
constexpr double debt_seconds_max = 366.0 * 24 * 3600;

Duration to_duration(double seconds) {
  const double bounded = std::clamp(seconds, -debt_seconds_max, debt_seconds_max);
  return Duration(static_cast<Duration::rep>(bounded * 1e6));
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

double RateLimiter::rows_per_second() const {
  return std::max(1.0, static_cast<double>(rate_->value));
}

void RateLimiter::set(std::optional<RowCount> rows_per_second, Instant now) {
  if (rows_per_second == rate_) return;
  const double before = rate_ ? this->rows_per_second() : 0;
  rate_ = rows_per_second;
  if (!rate_) {
    paid_off_at_.reset();
  } else if (paid_off_at_) {
    const double rows_owed = seconds(*paid_off_at_ - now) * before;
    paid_off_at_ = now + to_duration(rows_owed / this->rows_per_second());
  }
}

Instant RateLimiter::next_start(Instant now) const {
  return rate_ && paid_off_at_ ? std::max(now, *paid_off_at_) : now;
}

void RateLimiter::spend(RowCount rows, Instant now) {
  if (!rate_) return;
  // The first batch brings no credit along: a job that begins is not one that has been idle.
  const auto from = paid_off_at_ ? std::max(*paid_off_at_, now - credit_max) : now;
  paid_off_at_ = from + to_duration(static_cast<double>(rows.value) / rows_per_second());
}

}  // namespace backfill
