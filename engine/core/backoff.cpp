#include "core/backoff.hpp"

namespace backfill {

Duration Backoff::bound() const {
  auto bound = settings_.base;
  // Doubling stops at the cap, so it cannot overflow however many attempts there were.
  for (int i = 0; i < attempts_ && bound < settings_.cap; ++i) bound *= 2;
  return bound < settings_.cap ? bound : settings_.cap;
}

Duration Backoff::next(Random& random) {
  const auto choices = static_cast<std::uint64_t>(bound().count()) + 1;
  ++attempts_;
  return Duration(static_cast<Duration::rep>(random.below(choices)));
}

}  // namespace backfill
