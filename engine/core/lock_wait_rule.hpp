#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/time.hpp"

namespace backfill {

/// A session of somebody else's that one look found waiting for a lock of ours.
struct LockWait {
  int waiter_pid = 0;
  int blocker_pid = 0;  ///< one of ours
  friend bool operator==(const LockWait&, const LockWait&) = default;
};

/// When a look was sent, and when its answer was there.
struct LookTimes {
  Instant asked_at{};
  Instant answered_at{};
};

/// Decides who of those that wait for us has to be let through now, so that none waits longer than
/// the limit, and how often one has to look for that.
///
/// A look shows that a session waits, not since when (pg_locks.waitstart came with PostgreSQL 14
/// only, and is null for a moment there). What is certain is that it did not wait for us yet when
/// the look before was sent. So a wait counts from then: after looks that failed or came late it
/// may be long by the time it is first seen, and the limit is no less of a promise.
class LockWaitRule {
 public:
  explicit LockWaitRule(Duration limit) : limit_(limit) {}

  void set(Duration limit) { limit_ = limit; }

  /// One whose wait would reach the limit before the answer to the next look.
  struct Overdue {
    LockWait wait;
    Duration seen{};  ///< how long ago it was first seen waiting
  };

  [[nodiscard]] std::vector<Overdue> on_look(const std::vector<LockWait>& waits, LookTimes look);

  /// From the answer to one look until the next is sent.
  [[nodiscard]] Duration beat() const;

 private:
  struct Waiter {
    Instant since{};  ///< it may have waited from here on
    Instant seen_at{};
  };

  Duration limit_;
  std::optional<Instant> last_asked_at_;
  std::map<int, Waiter> waiters_;  ///< by process
};

}  // namespace backfill
