#include "core/throttle.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace backfill {
namespace {

/// Just below `stop` a slot works a twentieth of the time: slow enough that anything but a standby
/// at a standstill catches up, and still a sign of life.
constexpr double fraction_min = 0.05;
/// Released half-way back to `slow`: lag that hovers at the limit must not switch us on and off
/// with every reading.
constexpr double release_at = 0.5;
/// The pace falls at once and rises by doubling each second: one good reading is no proof, and a
/// standby that has just caught up must not be flooded.
constexpr double rise_seconds = 1.0;
/// A signal nobody requires is believed for that long, and then neither holds nor frees the pace.
constexpr Duration optional_belief = std::chrono::seconds(10);
/// A change of the fraction by less than a tenth changes nothing that one could measure.
constexpr double telling_change = 0.1;
/// The figures in a reason change with every reading. Whoever looks at a job that waits for hours
/// wants recent ones, and its log must not drown in them.
constexpr Duration told_again_after = std::chrono::seconds(30);

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Where a value lies between `slow` (0) and `stop` (1). NaN is at `stop`.
double depth(const Signal& signal) {
  if (!(signal.value < signal.stop)) return 1.0;
  if (signal.value <= signal.slow) return 0.0;
  return (signal.value - signal.slow) / (signal.stop - signal.slow);
}

std::string reason_of(const Signal& signal) {
  return signal.text.empty()
             ? fmt::format("{} {:g} of {:g}", signal.name, signal.value, signal.stop)
             : signal.text;
}

}  // namespace

void Throttle::require(const std::string& name, SilenceLimits limits, Instant now) {
  auto& source = sources_[name];
  if (!source.required && !source.last) source.heard_at = now;
  source.required = limits;
}

void Throttle::forget(const std::string& name) {
  sources_.erase(name);
}

void Throttle::on_signal(Signal signal) {
  auto& source = sources_[signal.name];
  if (source.last && signal.taken_at < source.last->taken_at) return;
  source.heard_at = std::max(source.heard_at, signal.taken_at);
  source.failure.clear();
  source.last = std::move(signal);
}

void Throttle::on_failure(const std::string& name, std::string why) {
  sources_[name].failure = std::move(why);
}

Throttle::Verdict Throttle::judge(const std::string& name, Source& source, Instant now) const {
  Verdict verdict;
  verdict.name = name;
  const auto silence = now - source.heard_at;
  const auto allowed = source.required ? source.required->stop : optional_belief;
  if (!source.last || silence > allowed) {
    if (!source.required) {
      source.stopped = false;
      return verdict;
    }
    verdict.stopped = true;
    verdict.silent = true;
    verdict.fraction = fraction_min;
    verdict.unread = !source.last;
    verdict.reason = source.last
                         ? fmt::format("no reading of {} for {:.0f} s", name, seconds(silence))
                         : fmt::format("waiting for the first reading of {}", name);
    if (!source.failure.empty()) verdict.reason += ": " + source.failure;
    return verdict;
  }
  const double at = depth(*source.last);
  source.stopped = at >= 1.0 || (source.stopped && at > release_at);
  if (at == 0.0 && !source.stopped) return verdict;
  verdict.stopped = source.stopped;
  verdict.fraction = std::pow(fraction_min, at);
  verdict.reason = reason_of(*source.last);
  return verdict;
}

std::optional<Hold> Throttle::hold(Instant now) {
  if (!paused_.empty()) return Hold{paused_, true};
  for (auto& [name, source] : sources_) {
    if (!source.required || !source.required->holds) continue;
    Verdict verdict = judge(name, source, now);
    if (verdict.stopped) return Hold{std::move(verdict.reason), !verdict.silent};
  }
  return std::nullopt;
}

Throttle::Verdict Throttle::worst(Instant now) {
  Verdict worst;
  // During a pause too, so that a signal which reached its stop meanwhile holds on after it.
  for (auto& [name, source] : sources_) {
    auto verdict = judge(name, source, now);
    const bool worse =
        verdict.stopped != worst.stopped ? verdict.stopped : verdict.fraction < worst.fraction;
    if (worse) worst = std::move(verdict);
  }
  if (paused_.empty()) return worst;
  return {.fraction = fraction_min, .stopped = true, .name = "pause", .reason = paused_};
}

/// The pace in force held from the last decision until now.
void Throttle::account(Instant now) {
  const auto held = decided_at_ ? std::max(now - *decided_at_, Duration::zero()) : Duration::zero();
  const double lost = pace_.stopped ? 1.0 : 1.0 - pace_.fraction;
  if (lost > 0 && held > Duration::zero()) {
    time_lost_[limiting_] += Duration(std::llround(lost * static_cast<double>(held.count())));
  }
  decided_at_ = decided_at_ ? std::max(*decided_at_, now) : now;
}

double Throttle::eased(double fraction, Instant now) const {
  if (!decided_at_ || fraction <= pace_.fraction) return fraction;
  const double since = std::max(0.0, seconds(now - *decided_at_));
  return std::min(fraction, pace_.fraction * std::exp2(since / rise_seconds));
}

std::optional<PaceChanged> Throttle::decide(Instant now) {
  auto verdict = worst(now);
  double fraction = fraction_min;
  // Before the first reading nothing was wrong, so there is nothing to come back from carefully.
  if (!verdict.stopped) fraction = unread_ ? verdict.fraction : eased(verdict.fraction, now);
  unread_ = verdict.stopped && verdict.unread;
  account(now);
  if (verdict.reason.empty() && fraction < 1.0) {
    // What held the pace down is over; until it has risen again, that is still the reason.
    verdict.name = limiting_;
    verdict.reason = "speeding up again after " + limiting_;
  }
  limiting_ = verdict.reason.empty() ? std::string() : std::move(verdict.name);
  pace_ = {.fraction = fraction,
           .stopped = verdict.stopped,
           .reason = std::move(verdict.reason),
           .paused = !paused_.empty(),
           .limit = limiting_};
  if (!is_telling(now)) return std::nullopt;
  told_ = pace_;
  told_at_ = now;
  told_limiting_ = limiting_;
  return pace_;
}

bool Throttle::is_telling(Instant now) const {
  if (pace_.stopped != told_.stopped || limiting_ != told_limiting_) return true;
  if (pace_.reason != told_.reason && now - told_at_ >= told_again_after) return true;
  if (pace_.stopped) return false;
  return std::abs(pace_.fraction - told_.fraction) >= telling_change * told_.fraction;
}

std::optional<std::string> Throttle::end_request(Instant now) const {
  for (const auto& [name, source] : sources_) {
    if (source.last && !source.last->end.empty()) return source.last->end;
    const auto silence = now - source.heard_at;
    if (!source.required || silence <= source.required->end) continue;
    auto text = fmt::format("{} could not be read for {:.0f} s", name, seconds(silence));
    return source.failure.empty() ? text : text + ": " + source.failure;
  }
  return std::nullopt;
}

}  // namespace backfill
