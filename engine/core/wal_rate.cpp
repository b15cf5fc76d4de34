#include "core/wal_rate.hpp"

#include <chrono>

namespace backfill {
namespace {

/// Long enough to smooth one checkpoint's or one batch's burst, short enough to react.
constexpr Duration span = std::chrono::seconds{3};

}  // namespace

void WalRate::on_sample(std::int64_t position, Instant at) {
  if (!samples_.empty()) {
    if (position < samples_.back().position) samples_.clear();
    if (!samples_.empty() && at <= samples_.back().at) return;
  }
  samples_.push_back({position, at});
  // The oldest one kept lies just beyond the span.
  while (samples_.size() > 2 && at - samples_[1].at >= span) samples_.pop_front();
}

std::optional<double> WalRate::bytes_per_second() const {
  if (samples_.size() < 2) return std::nullopt;
  const double seconds =
      std::chrono::duration<double>(samples_.back().at - samples_.front().at).count();
  return static_cast<double>(samples_.back().position - samples_.front().position) / seconds;
}

}  // namespace backfill
