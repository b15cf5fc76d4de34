#include "core/replica_lag.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

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

std::string_view to_string(LagBasis basis) {
  switch (basis) {
    case LagBasis::none: return "none";
    case LagBasis::position_age: return "position_age";
    case LagBasis::replay_lag: return "replay_lag";
    case LagBasis::reply_age: return "reply_age";
    case LagBasis::no_replay_position: return "no_replay_position";
  }
  std::abort();
}

bool ReplicaLag::is_stuck(const StandbyReading& reading, const WalHistory& history,
                          Duration answers_within) {
  if (!reading.received || !reading.reply_age || *reading.reply_age <= answers_within) return false;
  return history.age_of(*reading.received, reading.at)->age > answers_within;
}

LagEstimate ReplicaLag::on_reading(const StandbyReading& reading, const WalHistory& history,
                                   Duration answers_within) {
  if (reading.replayed) {
    replayed_ = reading.replayed;
    unknown_since_.reset();
  } else if (!unknown_since_) {
    unknown_since_ = reading.at;
  }

  LagEstimate estimate;
  const auto raise = [&estimate](Duration lag, LagBasis basis) {
    if (lag <= estimate.lag) return;
    estimate.lag = lag;
    estimate.basis = basis;
  };

  const bool pending = !replayed_ || *replayed_ < reading.primary;
  if (replayed_) {
    const auto left = std::max<std::int64_t>(reading.primary.value - replayed_->value, 0);
    estimate.bytes = ByteCount(left);
    const auto age = *history.age_of(*replayed_, reading.at);
    raise(age.age, LagBasis::position_age);
    estimate.at_least = age.at_least;
  }
  if (unknown_since_) {
    const auto since = reading.at - *unknown_since_;
    raise(since, LagBasis::no_replay_position);
    // Not even a second look: until it says how far it is, it may be any distance behind.
    estimate.basis = LagBasis::no_replay_position;
    estimate.at_least = true;
  }
  // Stale after the standby has caught up, hence only with something left to replay.
  if (pending && reading.replay_lag) raise(*reading.replay_lag, LagBasis::replay_lag);
  if (is_stuck(reading, history, answers_within)) {
    raise(*reading.reply_age, LagBasis::reply_age);
    estimate.basis = LagBasis::reply_age;
    estimate.at_least = true;
  }
  return estimate;
}

}  // namespace backfill
