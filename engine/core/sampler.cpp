#include "core/sampler.hpp"

#include <algorithm>
#include <utility>

namespace backfill {

namespace {

/// Spans of half a year: no job gets there.
constexpr std::int64_t doublings_max = 24;

std::optional<double> larger(std::optional<double> one, std::optional<double> other) {
  if (!one || !other) return one ? one : other;
  return std::max(*one, *other);
}

/// A crash of the server may take batches back that were counted.
std::int64_t risen(std::int64_t before, std::int64_t now) {
  return std::max<std::int64_t>(0, now - before);
}

std::map<std::string, Duration> lost_between(const std::map<std::string, Duration>& before,
                                             const std::map<std::string, Duration>& now) {
  std::map<std::string, Duration> lost;
  for (const auto& [name, time] : now) {
    const auto known = before.find(name);
    const Duration more = known == before.end() ? time : time - known->second;
    if (more > Duration{0}) lost.emplace(name, more);
  }
  return lost;
}

}  // namespace

Duration Sampler::span_after(std::int64_t written) {
  const std::int64_t doublings = std::clamp<std::int64_t>(written / per_span, 0, doublings_max);
  return shortest * (std::int64_t{1} << doublings);
}

std::optional<Sample> Sampler::look(const Glance& glance, Instant now) {
  std::optional<Sample> sample;
  if (phase_ != glance.phase) {
    if (!phase_.empty() && now > began_) sample = cut(glance, now);
    phase_ = glance.phase;
  }
  gather(glance);
  if (!sample && now - began_ >= span_) sample = cut(glance, now);
  return sample;
}

std::optional<Sample> Sampler::last(const Glance& glance, Instant now) {
  if (now <= began_) return std::nullopt;
  if (phase_.empty()) phase_ = glance.phase;
  gather(glance);
  return cut(glance, now);
}

void Sampler::gather(const Glance& glance) {
  ++glances_;
  workers_sum_ += glance.workers_busy;
  lag_s_ = larger(lag_s_, glance.lag_s);
  if (!glance.batch_ms) return;
  ++timed_;
  batch_ms_sum_ += *glance.batch_ms;
  batch_ms_max_ = larger(batch_ms_max_, glance.batch_ms);
}

Sample Sampler::cut(const Glance& glance, Instant now) {
  Sample sample;
  sample.phase = phase_;
  sample.span = now - began_;
  sample.rows_passed = risen(before_.totals.rows_passed, glance.totals.rows_passed);
  sample.rows_changed = risen(before_.totals.rows_changed, glance.totals.rows_changed);
  sample.batches = risen(before_.totals.batches, glance.totals.batches);
  sample.retries = risen(before_.totals.retries, glance.totals.retries);
  sample.batch_rows = glance.batch_rows;
  if (timed_ > 0) sample.batch_ms = batch_ms_sum_ / timed_;
  sample.batch_ms_max = batch_ms_max_;
  sample.lag_s = lag_s_;
  if (glances_ > 0) sample.workers = workers_sum_ / glances_;
  sample.limited_by = glance.limited_by;
  sample.time_lost = lost_between(before_.time_lost, glance.time_lost);

  began_ = now;
  before_ = glance;
  glances_ = 0;
  timed_ = 0;
  batch_ms_sum_ = 0;
  workers_sum_ = 0;
  batch_ms_max_.reset();
  lag_s_.reset();
  return sample;
}

}  // namespace backfill
