#pragma once

#include "core/random.hpp"
#include "core/time.hpp"

namespace backfill {

struct BackoffSettings {
  /// About two batches: the transaction that was in the way has mostly ended by then.
  Duration base = std::chrono::milliseconds(100);
  /// Ten waits, of half their bound each on average, come to about 20 s: a primary that restarts
  /// is back by then, and a job that waits longer should rather say so.
  Duration cap = std::chrono::seconds(10);
};

/// Exponential back-off with full jitter: each wait is drawn from all of [0, bound], where the
/// bound doubles with every attempt up to the cap. Drawing from the whole interval, rather than
/// adding a little noise, is what keeps those who collided once from colliding again (M. Brooker,
/// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
class Backoff {
 public:
  explicit Backoff(BackoffSettings settings = {}) : settings_(settings) {}

  /// How long to wait before the next attempt; counts it.
  [[nodiscard]] Duration next(Random& random);

  /// The longest that the next wait can be.
  [[nodiscard]] Duration bound() const;

  [[nodiscard]] int attempts() const { return attempts_; }
  void reset() { attempts_ = 0; }

 private:
  BackoffSettings settings_;
  int attempts_ = 0;
};

}  // namespace backfill
