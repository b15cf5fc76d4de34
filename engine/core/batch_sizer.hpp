#pragma once

#include <optional>

#include "backfill/job.hpp"
#include "backfill/units.hpp"
#include "core/time.hpp"

namespace backfill {

/// What a committed batch says about its size.
struct BatchSample {
  RowCount keys;                 ///< in its range
  RowCount rows;                 ///< of them changed
  Duration statement_time{};     ///< of its statement alone: no wait for a slot, no rest, no COMMIT
  std::optional<ByteCount> wal;  ///< that it wrote, about
};

/// Chooses how many keys a batch takes, so that its statement takes the target time: another
/// session that waits for our row locks waits for about one batch.
///
/// The cost of a key is a ratio of sums over the recent batches, not a mean of ratios: a batch of
/// three keys weighs as little as it should. Any number of batches may be in flight: what a batch
/// says is applied to the size that it had itself, so four late answers count as one.
class BatchSizer {
 public:
  explicit BatchSizer(BatchSettings settings);

  /// Takes new settings and goes on from the size it has reached.
  void set(const BatchSettings& settings);

  /// The target where the settings leave it to us: 50 ms alone, 10 ms beside other writers.
  void set_target(Duration target);

  void on_batch(const BatchSample& sample);

  /// A batch of `keys` ran into a timeout or out of memory.
  void on_timeout(RowCount keys);

  /// A batch of `keys` lost against another transaction: deadlock, serialization, lock timeout.
  void on_conflict(RowCount keys);

  [[nodiscard]] RowCount target_rows() const;
  [[nodiscard]] Duration target() const;

  /// Of a batch's statement, smoothed; absent before the first batch.
  [[nodiscard]] std::optional<double> smoothed_ms() const;

  /// Of one worker while its statements run, smoothed; absent before the first batch.
  [[nodiscard]] std::optional<double> keys_per_second() const;

  /// Smaller batches hardly took less time: something else is slow, and the size has gone back to
  /// where it was. A worker less may help.
  [[nodiscard]] bool size_is_not_the_cause() const { return inelastic_batches_left_ > 0; }

 private:
  /// Sums over batches of which each weighs `kept` times the next one.
  struct Sums {
    double keys = 0;
    double cost = 0;  ///< seconds, or bytes of WAL
    double batches = 0;
    void add(double more_keys, double more_cost);
    [[nodiscard]] bool empty() const { return batches == 0; }
    [[nodiscard]] double keys_per_cost() const { return keys / cost; }
  };
  /// From the first step down: how long a batch took then, and how long small ones take since.
  struct Shrinking {
    double rows = 0;
    double seconds = 0;
    double small_seconds = 0;
    int small_batches = 0;
  };

  [[nodiscard]] double seconds_target() const;
  [[nodiscard]] double growth_max() const;
  [[nodiscard]] bool is_stall(double keys, double seconds) const;
  void collapse(double keys, double seconds);
  void check_elasticity(double keys, double seconds);
  [[nodiscard]] bool holds_size(double seconds);
  void follow(double keys);
  void shrink_below(RowCount keys, double factor);
  void clamp();

  BatchSettings settings_;
  Duration automatic_target_ = std::chrono::milliseconds(50);
  double size_;
  Sums recent_;   ///< the cost of a key
  Sums writing_;  ///< the cost of a key where most are changed
  Sums wal_;
  Sums all_;  ///< for display: also the batches that the cost leaves out
  std::optional<Shrinking> shrinking_;
  int early_batches_left_;
  int growth_rests_ = 0;
  int inelastic_batches_left_ = 0;
  double inelastic_seconds_ = 0;  ///< of the small batches that showed it
  int inelastic_patience_;
};

}  // namespace backfill
