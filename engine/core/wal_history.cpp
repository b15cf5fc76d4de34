#include "core/wal_history.hpp"

#include <algorithm>
#include <cmath>

namespace backfill {
namespace {

/// At two samples a second, full resolution for the last four minutes; when it is full, every other
/// sample of the older half goes, so that it reaches back for hours at a coarser grain.
constexpr std::size_t samples_max = 1024;

/// Between two samples WAL is taken to have grown evenly, but for no longer than that, twice the
/// usual gap: after readings that failed, what was written at the beginning of a long gap would
/// otherwise seem younger by all of it.
constexpr Duration evenly_max = std::chrono::milliseconds(500);

}  // namespace

void WalHistory::add(WalPosition position, Instant at) {
  if (!samples_.empty()) {
    if (position < samples_.back().position) {
      samples_.clear();
    } else if (at <= samples_.back().at) {
      return;
    } else if (samples_.size() >= 2 && position == samples_.back().position &&
               position == samples_[samples_.size() - 2].position) {
      // An idle primary: only the first and the last moment at a position matter.
      samples_.back().at = at;
      return;
    } else if (position > samples_.back().position && at - samples_.back().at > evenly_max) {
      samples_.push_back({position, samples_.back().at + evenly_max});
    }
  }
  samples_.push_back({position, at});
  if (samples_.size() > samples_max) thin_out();
}

void WalHistory::thin_out() {
  std::deque<Sample> kept;
  const std::size_t older = samples_.size() / 2;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    if (i >= older || i % 2 == 0) kept.push_back(samples_[i]);
  }
  samples_ = std::move(kept);
}

std::optional<WalHistory::Age> WalHistory::age_of(WalPosition position, Instant now) const {
  if (samples_.empty()) return std::nullopt;
  const auto beyond = std::ranges::upper_bound(samples_, position, {}, &Sample::position);
  if (beyond == samples_.end()) return Age{};
  if (beyond == samples_.begin()) {
    return Age{.age = std::max(now - beyond->at, Duration::zero()), .at_least = true};
  }
  // The end of the interval would hide a standby that is stuck, its beginning would show half an
  // interval of lag where there is none.
  const auto before = std::prev(beyond);
  const auto bytes = static_cast<double>((beyond->position - before->position).value);
  const auto into = static_cast<double>((position - before->position).value);
  const auto span = static_cast<double>((beyond->at - before->at).count());
  const auto passed = before->at + Duration(std::llround(span * into / bytes));
  return Age{.age = std::max(now - passed, Duration::zero())};
}

std::optional<WalPosition> WalHistory::written_by(Instant at) const {
  const auto later = std::ranges::upper_bound(samples_, at, {}, &Sample::at);
  if (later == samples_.begin()) return std::nullopt;
  return std::prev(later)->position;
}

}  // namespace backfill
