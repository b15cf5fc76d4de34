#pragma once

#include <map>
#include <string>
#include <vector>

#include "backfill/result.hpp"
#include "core/time.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// A session of somebody else's that waits for a lock of ours.
struct LockWait {
  int waiter_pid = 0;
  int blocker_pid = 0;  ///< one of ours
  Duration waited{};    ///< since it was first seen waiting
};

/// Finds who waits for our batches. Reads pg_locks, which every role may: it needs no privilege.
class LockWaits {
 public:
  /// `ours` are server processes whose waits and locks are our own.
  pg::asio::awaitable<Result<std::vector<LockWait>>> read(pg::Connection* connection,
                                                          std::vector<int> ours);

 private:
  std::map<int, Instant> first_seen_;  ///< by waiting process
};

}  // namespace backfill
