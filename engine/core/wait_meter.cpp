#include "core/wait_meter.hpp"

#include <cmath>
#include <utility>

namespace backfill {

void WaitMeter::wait(std::string what, double share, Instant now) {
  const Duration passed = now - since_;
  if (share_ > 0 && passed > Duration::zero()) {
    lost_[what_] += Duration(std::llround(share_ * static_cast<double>(passed.count())));
  }
  what_ = std::move(what);
  share_ = share;
  since_ = now;
}

}  // namespace backfill
