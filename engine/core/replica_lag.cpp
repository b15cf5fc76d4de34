#include "core/replica_lag.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace backfill {

namespace {

/// A segment of the log: no standby that keeps up has as much left when it is first looked at.
constexpr ByteCount unknown_beyond{16 << 20};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace
std::string_view to_string(LagBasis basis) {
  switch (basis) {
    case LagBasis::none: return "none";
    case LagBasis::position_age: return "position_age";
    case LagBasis::replay_lag: return "replay_lag";
    case LagBasis::reply_age: return "reply_age";
    case LagBasis::catch_up_time: return "catch_up_time";
    case LagBasis::no_replay_position: return "no_replay_position";
  }
  std::abort();
}

std::string lag_text(const std::string& name, const LagEstimate& lag, Duration stop) {
  const char* const over = lag.at_least ? "over " : "";
  std::string text = fmt::format("lag of {} {}{:.1f} s", name, over, seconds(lag.seen));
  if (lag.unknown) {
    text += fmt::format(", and {:.0f} MB to replay at a speed not yet seen,",
                        static_cast<double>(lag.bytes->value) / 1e6);
  } else if (lag.basis == LagBasis::catch_up_time) {
    text += fmt::format(", and {:.1f} s to catch up,", seconds(lag.lag));
  }
  return text + fmt::format(" of {:.1f} s", seconds(stop));
}

void look_ahead(LagEstimate* lag, std::optional<Duration> catch_up) {
  lag->seen = lag->lag;
  lag->unknown = !catch_up && lag->at_least && lag->bytes && *lag->bytes > unknown_beyond;
  if (!catch_up || *catch_up <= lag->lag) return;
  lag->lag = *catch_up;
  lag->basis = LagBasis::catch_up_time;
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
  estimate.seen = estimate.lag;
  if (!reading.replayed) return estimate;
  // Its answer came after the last look, or says what was known then. Not by `reply_age`: that
  // compares the clocks of two machines.
  const auto written =
      history.written_by(std::exchange(looked_at_, reading.at).value_or(reading.at));
  if (written) speed_.on_position(*reading.replayed, *written, reading.at);
  look_ahead(&estimate, speed_.catch_up(reading.primary, reading.at));
  return estimate;
}

}  // namespace backfill
