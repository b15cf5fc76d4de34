#include "core/replay_speed.hpp"

#include <algorithm>
#include <cmath>

namespace backfill {
namespace {

/// What is on its way even to a standby that keeps up: with less left it may have waited for more,
/// and then its speed is ours.
constexpr ByteCount level_within{1 << 20};
/// Short enough to follow a standby whose work changes, long enough that a pause of a second (a
/// restart point, a query that its replay waits for) does not look like a slow disk.
constexpr Duration window = std::chrono::seconds{4};
/// Two answers of which one was only late tell nothing.
constexpr Duration span_min = std::chrono::milliseconds{90};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void ReplaySpeed::on_position(WalPosition replayed, WalPosition written, Instant at) {
  if (!samples_.empty()) {
    if (at <= samples_.back().at || replayed == samples_.back().replayed) return;
    // After a long stall what it did before tells nothing of what it does now.
    if (replayed < samples_.back().replayed || at - samples_.back().at > window) samples_.clear();
  }
  if (written.value - replayed.value <= level_within.value) {
    samples_.clear();
    return;
  }
  samples_.push_back({replayed, at});
  while (samples_.size() > 2 && at - samples_[1].at >= window) samples_.pop_front();
}

std::optional<Duration> ReplaySpeed::catch_up(WalPosition primary, Instant now) const {
  if (samples_.size() < 2) return std::nullopt;
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  const auto moved = static_cast<double>((last.replayed - first.replayed).value);
  const Duration span = last.at - first.at;
  if (span < span_min || moved <= 0) return std::nullopt;
  const auto left = static_cast<double>((primary - last.replayed).value);
  // It has gone on since it said where it was.
  const double wait = left / moved * seconds(span) - seconds(now - last.at);
  return Duration(std::llround(std::max(wait, 0.0) * 1e6));
}

}  // namespace backfill
