#pragma once

#include <stdexcept>
#include <string>

namespace backfill::sim {

/// A promise was broken: by the engine, or by the world when a bug was planted there.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool kept, const char* promise) {
  if (!kept) throw Violation(promise);
}

}  // namespace backfill::sim
