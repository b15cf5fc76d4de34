#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/time.hpp"

namespace backfill {

/// What a run has come to so far, all its sweeps together.
struct RunTotals {
  std::int64_t rows_passed = 0;   ///< keys whose checkpoint has committed
  std::int64_t rows_changed = 0;  ///< of them
  std::int64_t batches = 0;
  std::int64_t retries = 0;
};

/// A look at a run, about once a second.
struct Glance {
  std::string phase;
  RunTotals totals;
  std::optional<std::int64_t> batch_rows;
  std::optional<double> batch_ms;
  std::optional<double> lag_s;  ///< of the standby that is furthest behind
  int workers_busy = 0;
  std::string limited_by;
  std::map<std::string, Duration> time_lost;  ///< since the run began, by signal
};

/// A span of a run's time, for those who look at it later. Means and worst values, so that a
/// span of minutes hides neither the usual nor the peak.
struct Sample {
  std::string phase;
  Duration span{};
  std::int64_t rows_passed = 0;  ///< within the span, as the next three
  std::int64_t rows_changed = 0;
  std::int64_t batches = 0;
  std::int64_t retries = 0;
  std::optional<std::int64_t> batch_rows;  ///< at its end
  std::optional<double> batch_ms;          ///< mean
  std::optional<double> batch_ms_max;
  std::optional<double> lag_s;                ///< the worst
  double workers = 0;                         ///< mean
  std::string limited_by;                     ///< at its end
  std::map<std::string, Duration> time_lost;  ///< within the span, by signal
};

/// Turns glances into samples. The spans double with every `per_span` samples that a job has: a job
/// of an hour has about a thousand, one of a week three thousand and one of a year five, and none
/// is ever thinned out afterwards. A span also ends with its phase.
class Sampler {
 public:
  static constexpr Duration shortest = std::chrono::seconds{1};
  static constexpr std::int64_t per_span = 300;

  /// The span of the sample that follows `written` others.
  [[nodiscard]] static Duration span_after(std::int64_t written);

  explicit Sampler(Instant began) : began_(began) {}

  /// A sample when its time has come.
  [[nodiscard]] std::optional<Sample> look(const Glance& glance, Instant now);

  /// What is left when the run ends; nothing when no time has passed since the last sample.
  [[nodiscard]] std::optional<Sample> last(const Glance& glance, Instant now);

  /// The job has so many samples now: later spans follow from it.
  void written(std::int64_t samples) { span_ = span_after(samples); }

 private:
  void gather(const Glance& glance);
  [[nodiscard]] Sample cut(const Glance& glance, Instant now);

  Instant began_;
  Duration span_ = shortest;
  std::string phase_;
  Glance before_;  ///< its counts: where the span began
  int glances_ = 0;
  int timed_ = 0;  ///< glances with a batch time
  double batch_ms_sum_ = 0;
  double workers_sum_ = 0;
  std::optional<double> batch_ms_max_;
  std::optional<double> lag_s_;
};

}  // namespace backfill
