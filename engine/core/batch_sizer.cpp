#include "core/batch_sizer.hpp"

#include <algorithm>
#include <cmath>

namespace backfill {
namespace {

/// 500 rows took 2 to 7 ms in our measurements; even rows of 100 µs each stay at 50 ms.
constexpr double first_rows = 500;
/// Each batch weighs this much of the next: about five batches are remembered, enough to average
/// out noise of a fifth, few enough to follow a change of the data within a second.
constexpr double kept = 0.8;
/// Times within a fifth of the target are left alone: that is the noise of a quiet server.
constexpr double dead_band = 0.2;
/// While nothing is known, four times a batch reaches any size from 10 rows in seven batches;
/// later growth is careful, since what made batches slow may come back.
constexpr int early_batches = 8;
constexpr double early_growth_max = 4.0;
constexpr double growth_max_later = 1.5;
/// Four targets, and four times what such a batch took before, is not noise.
constexpr double stall_factor = 4.0;
/// One stall may be a checkpoint or a hiccup of the disk: it costs a factor of eight at most.
constexpr double collapse_max = 8.0;
/// Where fewer than a tenth of the keys change, the time is that of the scan.
constexpr double writing_share_min = 0.1;
/// A batch under a quarter of the size is the rest of a range: its fixed costs drown the rest.
constexpr double remainder_share = 0.25;
/// Halved twice, a batch should take a quarter of the time. At 0.7 and above, six tenths of the
/// time or more do not depend on the size.
constexpr double inelastic_ratio = 0.7;
constexpr int inelastic_samples = 4;
/// Then the size is left alone for that many batches, twice as many each time it happens again.
constexpr int inelastic_patience_first = 16;
constexpr int inelastic_patience_max = 512;
/// After a conflict or timeout the size stays down for some batches, or it would bounce.
constexpr int rests_after_failure = 8;
/// One WAL segment: archives and standbys take WAL in such pieces. At 450 B a row (measured, two
/// further indexes) it allows 37,000 rows; it binds where rows are wide or full-page images many.
constexpr double wal_bytes_max = 16.0 * 1024 * 1024;

}  // namespace

void BatchSizer::Sums::add(double more_keys, double more_cost) {
  keys = keys * kept + more_keys;
  cost = cost * kept + more_cost;
  batches = batches * kept + 1;
}

BatchSizer::BatchSizer(BatchSettings settings)
    : settings_(settings),
      size_(first_rows),
      early_batches_left_(early_batches),
      inelastic_patience_(inelastic_patience_first) {
  clamp();
}

void BatchSizer::set(const BatchSettings& settings) {
  if (settings == settings_) return;
  settings_ = settings;
  // A new target or the end of a fixed size may be far from here: as at the start.
  early_batches_left_ = early_batches;
  shrinking_.reset();
  inelastic_batches_left_ = 0;
  clamp();
}

void BatchSizer::set_target(Duration target) {
  automatic_target_ = target;
}

Duration BatchSizer::target() const {
  return settings_.target ? Duration(*settings_.target) : automatic_target_;
}

double BatchSizer::seconds_target() const {
  return std::max(std::chrono::duration<double>(target()).count(), 1e-3);
}

double BatchSizer::growth_max() const {
  return early_batches_left_ > 0 ? early_growth_max : growth_max_later;
}

RowCount BatchSizer::target_rows() const {
  return RowCount(std::llround(size_));
}

std::optional<double> BatchSizer::smoothed_ms() const {
  if (all_.empty()) return std::nullopt;
  return all_.cost * 1e3 / all_.batches;
}

std::optional<double> BatchSizer::keys_per_second() const {
  if (all_.empty()) return std::nullopt;
  return all_.keys_per_cost();
}

void BatchSizer::on_batch(const BatchSample& sample) {
  const auto keys = static_cast<double>(sample.keys.value);
  const auto rows = static_cast<double>(sample.rows.value);
  const double seconds =
      std::max(std::chrono::duration<double>(sample.statement_time).count(), 1e-6);
  if (keys <= 0) return;
  all_.add(keys, seconds);
  if (sample.wal) wal_.add(keys, static_cast<double>(sample.wal->value));
  if (is_stall(keys, seconds)) return collapse(keys, seconds);

  check_elasticity(keys, seconds);
  // A remainder says something only when even that little took too long.
  if (keys < remainder_share * size_ && seconds <= seconds_target()) return;
  recent_.add(keys, seconds);
  if (rows >= writing_share_min * keys) writing_.add(keys, seconds);
  if (settings_.fixed_rows) return;
  if (!holds_size(seconds)) follow(keys);
  if (early_batches_left_ > 0) --early_batches_left_;
  if (growth_rests_ > 0) --growth_rests_;
  clamp();
}

bool BatchSizer::is_stall(double keys, double seconds) const {
  if (seconds <= stall_factor * seconds_target()) return false;
  return recent_.empty() || seconds > stall_factor * keys / recent_.keys_per_cost();
}

/// What came before the stall says nothing about what comes after it: the sums begin anew.
void BatchSizer::collapse(double keys, double seconds) {
  const double proportional = keys * seconds_target() / seconds;
  // Before anything is known the first batch is simply too big, by whatever factor it shows.
  const double least = recent_.empty() && early_batches_left_ > 0 ? 0 : keys / collapse_max;
  size_ = std::min(size_, std::max(proportional, least));
  recent_ = {};
  shrinking_.reset();
  inelastic_batches_left_ = 0;
  clamp();
}

void BatchSizer::check_elasticity(double keys, double seconds) {
  if (!shrinking_ || keys > shrinking_->rows * 0.25) return;
  shrinking_->small_seconds += seconds;
  if (++shrinking_->small_batches < inelastic_samples) return;
  const double mean = shrinking_->small_seconds / inelastic_samples;
  if (mean > inelastic_ratio * shrinking_->seconds && mean > (1 + dead_band) * seconds_target()) {
    size_ = shrinking_->rows;
    inelastic_batches_left_ = inelastic_patience_;
    inelastic_seconds_ = mean;
    inelastic_patience_ = std::min(2 * inelastic_patience_, inelastic_patience_max);
  }
  shrinking_.reset();
}

/// The size had no part in it only if the large batches now take about as long as the small ones
/// did. Where they take longer, the server had slowed down meanwhile, and the size does matter.
bool BatchSizer::holds_size(double seconds) {
  if (inelastic_batches_left_ == 0) return false;
  if (seconds * inelastic_ratio > inelastic_seconds_) {
    inelastic_batches_left_ = 0;
    return false;
  }
  --inelastic_batches_left_;
  return true;
}

void BatchSizer::follow(double keys) {
  const double rate = recent_.keys_per_cost();
  double wanted = rate * seconds_target();
  // After a stretch that `where` filtered out, a batch of keys that all change must not be a stall.
  if (!writing_.empty()) {
    wanted = std::min(wanted, stall_factor * writing_.keys_per_cost() * seconds_target());
  }
  if (wanted > (1 + dead_band) * size_ && growth_rests_ == 0) {
    size_ = std::min(wanted, std::max(size_, keys * growth_max()));
    shrinking_.reset();
  } else if (wanted < (1 - dead_band) * size_) {
    if (!shrinking_) shrinking_ = Shrinking{.rows = size_, .seconds = size_ / rate};
    size_ = wanted;
  }
}

void BatchSizer::shrink_below(RowCount keys, double factor) {
  size_ = std::min(size_, static_cast<double>(keys.value) * factor);
  growth_rests_ = rests_after_failure;
  clamp();
}

void BatchSizer::on_timeout(RowCount keys) {
  shrink_below(keys, 0.5);
  recent_ = {};
}

/// A smaller transaction holds fewer locks for a shorter time; how many it was says little, so the
/// step is a gentle one.
void BatchSizer::on_conflict(RowCount keys) {
  shrink_below(keys, 0.75);
}

void BatchSizer::clamp() {
  if (settings_.fixed_rows) {
    size_ = static_cast<double>(settings_.fixed_rows->value);
    return;
  }
  if (!wal_.empty() && wal_.cost > 0) {
    size_ = std::min(size_, wal_bytes_max * wal_.keys / wal_.cost);
  }
  const auto least = std::max(1.0, static_cast<double>(settings_.min_rows.value));
  size_ = std::clamp(size_, least, std::max(least, static_cast<double>(settings_.max_rows.value)));
}

}  // namespace backfill
