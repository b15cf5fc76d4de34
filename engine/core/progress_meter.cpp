#include "core/progress_meter.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace backfill {
namespace {

/// Thirty stretches of two seconds: each holds dozens of batches, so its rate is that of the
/// server and not of single batches; together they are the last minute.
constexpr double interval_seconds = 2.0;
constexpr std::size_t intervals_max = 30;
/// Three stretches are the least that show a spread.
constexpr std::size_t intervals_min = 3;
/// Between readings up to this long nothing is wrong; a longer silence counts as slow.
constexpr double silence_allowed = 5.0;
/// An estimated total may be short of the truth: no one is told 100 % on the strength of it.
constexpr double fraction_unproven_max = 0.999;
/// The edges of the range: the rates that a tenth of the stretches fall below, and above.
constexpr double low_quantile = 0.1;
constexpr double high_quantile = 0.9;
/// A stretch with nothing done would make the range endless; it is cut at a quarter of the mean.
constexpr double rate_share_min = 0.25;
/// A year; beyond it the figure is an excuse, and sums of seconds stay far from overflow.
constexpr double eta_seconds_max = 366.0 * 24 * 3600;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double quantile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto above = std::min(below + 1, sorted.size() - 1);
  const double between = position - static_cast<double>(below);
  return sorted[below] + between * (sorted[above] - sorted[below]);
}

std::chrono::seconds whole_seconds(double value) {
  return std::chrono::seconds(std::llround(std::clamp(value, 0.0, eta_seconds_max)));
}

}  // namespace

void ProgressMeter::on_progress(RowCount done, std::optional<RowCount> total, bool total_is_exact,
                                Instant now) {
  const double passed = static_cast<double>(std::max(done, done_).value - done_.value);
  const double worked =
      unread_seconds_ + (read_at_ && !paused_ ? std::max(0.0, seconds(now - *read_at_)) : 0.0);
  if (read_at_) spread(passed, worked);
  done_ = std::max(done, done_);
  total_ = total;
  read_at_ = now;
  unread_seconds_ = 0;
  update_fraction(total_is_exact);
}

void ProgressMeter::update_fraction(bool total_is_exact) {
  if (!total_) return;
  const auto total = static_cast<double>(std::max(*total_, done_).value);
  const double reached = total > 0 ? static_cast<double>(done_.value) / total : 1.0;
  const double shown = total_is_exact ? reached : std::min(reached, fraction_unproven_max);
  fraction_ = std::max(fraction_.value_or(0.0), shown);
}

void ProgressMeter::on_pause(Instant now) {
  if (paused_) return;
  if (read_at_) unread_seconds_ += std::max(0.0, seconds(now - *read_at_));
  paused_ = true;
}

void ProgressMeter::on_resume(Instant now) {
  if (!paused_) return;
  paused_ = false;
  if (read_at_) read_at_ = now;
}

/// A reading after a long batch stands for all of the time since the one before it: its keys are
/// spread evenly over the stretches that this time fills.
void ProgressMeter::spread(double keys, double worked) {
  // Of a long silence only as much is spread as the meter remembers.
  const double remembered = interval_seconds * static_cast<double>(intervals_max);
  if (worked > remembered) {
    keys *= remembered / worked;
    worked = remembered;
  }
  const double rate = worked > 0 ? keys / worked : 0;
  if (worked <= 0 && !intervals_.empty()) intervals_.back().keys += keys;
  while (worked > 0) {
    if (intervals_.empty() || intervals_.back().seconds >= interval_seconds) {
      intervals_.emplace_back();
      if (intervals_.size() > intervals_max + 1) intervals_.pop_front();
    }
    auto& interval = intervals_.back();
    const double step = std::min(worked, interval_seconds - interval.seconds);
    interval.seconds += step;
    interval.keys += rate * step;
    // What rounding leaves over must not keep the loop going.
    worked = step > 0 && worked - step > 1e-9 ? worked - step : 0;
    if (interval_seconds - interval.seconds < 1e-9) interval.seconds = interval_seconds;
  }
}

ProgressEstimate ProgressMeter::estimate(Instant now) const {
  ProgressEstimate estimate;
  estimate.fraction = fraction_;
  const double since = read_at_ && !paused_ ? std::max(0.0, seconds(now - *read_at_)) : 0.0;
  const double unread = unread_seconds_ + since;
  const double silence = unread > silence_allowed ? unread : 0.0;
  if (intervals_.size() < intervals_min) return estimate;
  double keys = 0;
  double worked = silence;
  for (const auto& interval : intervals_) {
    keys += interval.keys;
    worked += interval.seconds;
  }
  estimate.keys_per_second = keys / worked;
  if (total_ && keys > 0) estimate.eta = time_left(keys / worked);
  return estimate;
}

EtaRange ProgressMeter::time_left(double rate) const {
  std::vector<double> rates;
  for (const auto& interval : intervals_) {
    // The one that is still filling is too short to speak.
    if (interval.seconds >= interval_seconds) rates.push_back(interval.keys / interval.seconds);
  }
  if (rates.empty()) rates.push_back(rate);
  std::ranges::sort(rates);
  const double least = rate_share_min * rate;
  const double low = std::max(std::min(quantile(rates, low_quantile), rate), least);
  const double high = std::max(quantile(rates, high_quantile), rate);
  const double keys_left = static_cast<double>(std::max(*total_, done_).value - done_.value);
  return {.low = whole_seconds(keys_left / high), .high = whole_seconds(keys_left / low)};
}

}  // namespace backfill
