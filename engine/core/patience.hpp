#pragma once

#include <cstdint>

#include "core/backoff.hpp"
#include "core/random.hpp"
#include "core/time.hpp"

namespace backfill {

/// Why work on a range did not go through.
enum class Setback {
  failed,   ///< deadlock, timeout, lost connection…
  locked,   ///< another transaction held its rows for longer than lock_timeout
  yielded,  ///< another session waited for our locks, and we gave way
};

/// How long one range is set aside after a setback, and when it has had enough of them.
///
/// - `failed` counts: more than `retries` in a row give up.
/// - `locked` counts only while nothing else in the sweep commits. An application may hold a few
///   rows for hours, and the other ranges go on meanwhile; once they have nothing left to do, the
///   patience of those that wait is whole. Giving up then takes ten times `retries`: with the
///   back-off below about ten minutes by default.
/// - `yielded` never counts: it was our own decision, and the session we gave way to has moved on.
///
/// Each kind has its own back-off, and any success forgets all of them.
class Patience {
 public:
  struct Verdict {
    Duration pause{};
    int tries = 0;  ///< of this kind in a row, this one included
    int limit = 0;  ///< of `tries`; 0: none
    bool exhausted = false;
  };

  /// `commits`: of the whole sweep so far, to tell whether anything else has moved.
  [[nodiscard]] Verdict on(Setback setback, int retries, std::int64_t commits, Random& random);

  /// The work went through.
  void reset() { *this = Patience(); }

  /// The range waits for another transaction's locks.
  [[nodiscard]] bool is_locked() const { return locked_.attempts() > 0; }

 private:
  Backoff failed_;
  Backoff locked_;
  Backoff yielded_;
  int locked_in_vain_ = 0;
  std::int64_t commits_seen_ = -1;
};

}  // namespace backfill
