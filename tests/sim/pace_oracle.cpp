#include "sim/pace_oracle.hpp"

#include <algorithm>
#include <cmath>

#include "sim/violation.hpp"

namespace backfill::sim::pace {

namespace {

/// What the documentation of the throttle says.
constexpr double least_fraction = 0.05;
constexpr Duration belief_in_optional = std::chrono::seconds{10};
constexpr double longest_rest = 9.99;  // seconds
constexpr double tiny = 1e-9;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double half_way(const Signal& signal) {
  return (signal.slow + signal.stop) / 2;
}

}  // namespace

void Oracle::required(const std::string& name, SilenceLimits limits, Instant now) {
  Known& known = known_[name];
  if (!known.required && !known.last) known.heard_at = now;
  known.required = limits;
}

void Oracle::heard(const Signal& signal) {
  Known& known = known_[signal.name];
  known.heard_at = signal.taken_at;
  known.last = signal;
  if (signal.value >= signal.stop) known.held = true;
  if (signal.value <= half_way(signal) && signal.value < signal.stop) known.held = false;
}

void Oracle::no_more(const std::string& name) {
  known_.erase(name);
}

void Oracle::missing(const std::string& standby, Instant at, Duration absence_max) {
  const Instant since = missing_.try_emplace(standby, at).first->second;
  missing_too_long_ = missing_too_long_ || at - since >= absence_max;
}

void Oracle::estimated(double published_seconds, Duration truth, Duration tolerance) {
  require(published_seconds >= seconds(truth - tolerance),
          "a standby is further behind than its estimate says");
}

void Oracle::level(double published_seconds, Duration old) {
  require(published_seconds <= seconds(old + std::chrono::seconds(1)),
          "a standby that is level is said to lag");
}

// ---- the pace --------------------------------------------------------------------------------

Oracle::Demand Oracle::demand_of(const std::string& name, const Known& known, Instant now) {
  Demand demand;
  demand.name = name;
  const Duration allowed = known.required ? known.required->stop : belief_in_optional;
  if (!known.last || now - known.heard_at > allowed) {
    if (!known.required) return {};
    demand.stopped = true;
    demand.unread = !known.last;
    demand.fraction = least_fraction;
    return demand;
  }
  const Signal& signal = *known.last;
  demand.stopped = known.held;
  if (signal.value >= signal.stop) {
    demand.fraction = least_fraction;
  } else if (signal.value > signal.slow) {
    const double into = (signal.value - signal.slow) / (signal.stop - signal.slow);
    demand.fraction = std::exp(into * std::log(least_fraction));
  }
  return demand;
}

Oracle::Demand Oracle::worst(Instant now) const {
  if (paused_) return {least_fraction, true, false, "pause"};
  Demand worst;
  for (const auto& [name, known] : known_) {
    Demand demand = demand_of(name, known, now);
    const bool more =
        demand.stopped == worst.stopped ? demand.fraction < worst.fraction : demand.stopped;
    if (more) worst = std::move(demand);
  }
  return worst;
}

/// Never faster than the worst signal allows, nor than the last pace doubled each second; and no
/// slower than both ask for. So between `slow` and `stop` it falls with the signal.
void Oracle::check_pace(const Demand& demand, const PaceChanged& pace, Instant now) const {
  require(pace.stopped == demand.stopped,
          "the pace is stopped if and only if a signal asks for it");
  if (pace.stopped) return;
  require(pace.fraction <= demand.fraction * (1 + tiny), "the pace is faster than a signal allows");
  double most = demand.fraction;
  if (decided_at_ && !unread_) {
    const double last = stopped_ ? least_fraction : fraction_;
    most = std::min(most, std::max(last * std::exp2(seconds(now - *decided_at_)), 0.0));
  }
  require(pace.fraction <= most * (1 + tiny), "the pace rises faster than by doubling each second");
  require(pace.fraction >= most * (1 - tiny), "the pace is slower than anything asks for");
}

bool Oracle::end_is_due(Instant now) const {
  const bool silent = std::ranges::any_of(known_, [now](const auto& entry) {
    const Known& known = entry.second;
    return known.required && now - known.heard_at > known.required->end;
  });
  return silent || missing_too_long_;
}

void Oracle::decided(Instant now, const PaceChanged& pace, bool end_asked) {
  for (auto& [name, known] : known_) {
    if (!known.required && now - known.heard_at > belief_in_optional) known.held = false;
  }
  const Demand demand = worst(now);
  check_pace(demand, pace, now);
  if (decided_at_) {
    const double lost = (stopped_ ? 1.0 : 1.0 - fraction_) * seconds(now - *decided_at_);
    if (lost > 0) seconds_lost_[limiting_] += lost;
  }
  ++decisions_;
  decided_at_ = now;
  fraction_ = pace.fraction;
  stopped_ = pace.stopped;
  unread_ = demand.stopped && demand.unread;
  const bool asks = demand.stopped || demand.fraction < 1;
  if (asks) {
    limiting_ = demand.name;
  } else if (pace.fraction >= 1) {
    limiting_.clear();
  }
  require(end_asked || !end_is_due(now), "a job that should end was not told to");
}

void Oracle::check_time_lost(const std::map<std::string, Duration>& time_lost) const {
  // Each decision may round by half a microsecond.
  const double rounding = 1e-6 * decisions_;
  double sum = 0;
  for (const auto& [name, lost] : time_lost) {
    const auto own = seconds_lost_.find(name);
    const double expected = own == seconds_lost_.end() ? 0 : own->second;
    require(std::abs(seconds(lost) - expected) <= rounding,
            "the time lost to a reason is not what was lost to it");
    sum += expected;
  }
  double all = 0;
  for (const auto& [name, lost] : seconds_lost_) all += lost;
  require(std::abs(all - sum) <= rounding, "time was lost for a reason that is not named");
}

// ---- batches ---------------------------------------------------------------------------------

void Oracle::batch_starts(SlotId slot, Instant now, int busy, const PaceSettings& pace) {
  connections_most_ = std::max(connections_most_, pace.connections);
  require(busy <= pace.connections, "more work is in flight than there are connections");
  require(!paused_, "a batch was started while the job was paused");
  const auto rest = rests_.find(slot.value);
  if (rest != rests_.end()) {
    // The pace is told when it has moved by a tenth, so a slot may rest by a tenth less.
    const double fraction = std::min(1.0, fraction_ * 1.12);
    const double least = std::min(rest->second.worked_seconds * (1 / fraction - 1), longest_rest);
    require(seconds(now - rest->second.since) >= least * (1 - tiny), "a slot did not rest");
  }
  require(missing_.empty(), "a batch was started while a standby is away");
  for (const auto& [name, known] : known_) {
    if (known.required) {
      require(known.last.has_value(), "a batch was started before a signal was heard");
      require(now - known.heard_at <= known.required->stop + beat,
              "a batch was started though a signal has been silent");
    }
    const bool believed = known.required || now - known.heard_at <= belief_in_optional;
    require(!known.held || !believed, "a batch was started at the stop of a signal");
  }
}

void Oracle::batch_ends(SlotId slot, Duration worked, Instant now) {
  rests_[slot.value] = {now, seconds(worked)};
}

void Oracle::rows_per_second_changed(std::optional<RowCount> rows_per_second) {
  rate_changed_ = rate_changed_ || rows_per_second != rate_;
}

void Oracle::rows_done(std::int64_t rows, Instant now, const PaceSettings& pace) {
  if (!rate_ || rate_changed_) return;
  const auto rate = static_cast<double>(rate_->value);
  bucket_ = std::max(0.0, bucket_ - rate * seconds(now - bucket_at_)) + static_cast<double>(rows);
  bucket_at_ = now;
  // One second's worth may come at once, and each slot may be one batch ahead of its share, which
  // is a second's worth too, and a quarter.
  const double batch = std::min(1.25 * rate, static_cast<double>(pace.batch.max_rows.value));
  require(bucket_ <= rate + batch * connections_most_,
          "more rows a second than the settings allow");
}

void Oracle::waited(Duration waited, Duration allowed) {
  require(waited <= allowed, "a session waited for a batch for longer than the limit");
}

}  // namespace backfill::sim::pace
