#pragma once

#include <map>
#include <string>

#include "core/time.hpp"

namespace backfill {

/// Adds up the time that workers could not work, by what they waited for.
class WaitMeter {
 public:
  /// From `now` on this share of the workers waits, for that; until told otherwise. 0: none does.
  void wait(std::string what, double share, Instant now);

  [[nodiscard]] const std::map<std::string, Duration>& lost() const { return lost_; }

 private:
  std::string what_;
  double share_ = 0;
  Instant since_{};
  std::map<std::string, Duration> lost_;
};

}  // namespace backfill
