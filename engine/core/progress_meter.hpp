#pragma once

#include <deque>
#include <optional>

#include "backfill/progress.hpp"
#include "backfill/units.hpp"
#include "core/time.hpp"

namespace backfill {

/// What a phase's progress comes to. An absent figure is still being measured.
struct ProgressEstimate {
  std::optional<double> fraction;  ///< 0..1, never falling; 1 only when the total is exact
  std::optional<double> keys_per_second;
  std::optional<EtaRange> eta;
};

/// Turns counts of one phase into a fraction, a rate and the time that is left. The rate is that
/// of the last minute of working time: pauses are cut out, and what was done before the first
/// reading (a resumed job) counts for the fraction but not for the rate.
class ProgressMeter {
 public:
  /// `total` may be an estimate (then `total_is_exact` is false) and may change.
  void on_progress(RowCount done, std::optional<RowCount> total, bool total_is_exact, Instant now);

  /// Time from here to `on_resume` is not working time. Repeated calls are harmless.
  void on_pause(Instant now);
  void on_resume(Instant now);

  [[nodiscard]] ProgressEstimate estimate(Instant now) const;

 private:
  /// A stretch of working time and the keys passed in it.
  struct Interval {
    double seconds = 0;
    double keys = 0;
  };

  void update_fraction(bool total_is_exact);
  void spread(double keys, double seconds);
  [[nodiscard]] EtaRange time_left(double rate) const;

  RowCount done_;
  std::optional<RowCount> total_;
  std::optional<double> fraction_;
  std::optional<Instant> read_at_;  ///< the last reading, or the last resumption after it
  double unread_seconds_ = 0;       ///< working time between the last reading and a pause
  bool paused_ = false;
  std::deque<Interval> intervals_;  ///< the last one may still be filling
};

}  // namespace backfill
