#pragma once

#include <optional>
#include <string>

#include "backfill/units.hpp"
#include "core/time.hpp"

namespace backfill {

/// Finds how many batches to run at a time, under `pace.connections`, by trying: a worker more is
/// kept only if more keys a second come of it; one is taken away when conflicts, slower rows or
/// other sessions ask for it. A trial compares whole windows of measurement at two levels, and one
/// that fails makes the next wait twice as long: so the search costs little, and the level does
/// not swing with the load that it makes itself.
///
/// Call `on_batch` for each batch that committed while nothing but `limit()` held the workers
/// back, and `interrupted` whenever something else did: throttled, paused, disconnected.
class ConcurrencyLimit {
 public:
  explicit ConcurrencyLimit(int max);

  void set_max(int max);

  /// A committed batch: its keys, and the time of its statement.
  void on_batch(RowCount keys, Duration statement_time, Instant now);

  /// A batch lost against another transaction: deadlock, serialization, lock timeout, a waiter.
  void on_conflict(Instant now);

  /// Smaller batches are not faster, as the batch sizer found: tries with a worker less.
  void on_inelastic(Instant now);

  /// Sessions of others that are active, on that many CPUs; leaves them their share.
  void on_activity(int others_active, int cpus);

  /// What is measured just now does not show what the workers could do.
  void interrupted(Instant now);

  [[nodiscard]] int limit() const;

  /// Why it is below the maximum: "2 of 4 workers: a third added 3 %, too little". Empty at it.
  [[nodiscard]] std::string reason() const;

 private:
  /// What one level does: smoothed over the windows measured at it.
  struct Measure {
    double keys_per_second = 0;
    double seconds_per_key = 0;
    int windows = 0;
    void add(double rate, double cost);
  };
  struct Window {
    Instant since;
    double keys = 0;
    double busy_seconds = 0;
    int batches = 0;
  };
  enum class Trial { none, more, fewer };

  [[nodiscard]] int ceiling() const;
  [[nodiscard]] bool trial_is_due(Instant now) const;
  void on_window(double rate, double cost, Instant now);
  void while_steady(double cost, Instant now);
  void begin_more();
  void begin_fewer(double share_max, std::string why);
  void judge_more(Instant now);
  void judge_fewer(Instant now);
  void move_to(int level);
  void wait_longer(Instant now);
  void search_anew();

  int max_;
  int level_;
  std::string why_;

  std::optional<Window> window_;
  int settling_ = 1;  ///< windows to pass over: batches of the level before are still in flight
  Measure here_;

  Trial trial_ = Trial::none;
  Measure before_;        ///< at the level that the trial left
  double share_max_ = 0;  ///< of its fair share, what the worker may have done to be let go
  std::string why_fewer_;
  bool try_fewer_next_ = false;
  std::optional<Instant> next_trial_at_;
  Duration patience_;

  std::optional<double> quiet_cost_;  ///< seconds a key while nothing disturbed
  int slow_windows_ = 0;

  double conflicts_ = 0;
  std::optional<Instant> conflict_at_;

  double others_ = 0;
  int others_counted_ = 0;
  int cpus_ = 0;
};

}  // namespace backfill
