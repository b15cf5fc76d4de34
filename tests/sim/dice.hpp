#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "core/random.hpp"
#include "core/time.hpp"

namespace backfill::sim {

/// The one source of chance of a simulated world: the same seed is the same world.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  bool chance(double probability) { return random_.unit() < probability; }

  /// Uniform in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low +
           static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low) + 1));
  }

  /// Every order of magnitude between the two is as likely as any other.
  double log_uniform(double low, double high) {
    return low * std::exp(random_.unit() * std::log(high / low));
  }
  Duration log_duration(Duration low, Duration high) {
    return Duration(static_cast<Duration::rep>(
        log_uniform(static_cast<double>(low.count()), static_cast<double>(high.count()))));
  }

  std::uint64_t seed() { return random_.next(); }

 private:
  Random random_;
};

}  // namespace backfill::sim
