#pragma once

#include <vector>

#include "backfill/result.hpp"
#include "core/lock_wait_rule.hpp"
#include "pg/connection.hpp"

namespace backfill {

struct LockLook {
  std::vector<LockWait> waits;  ///< of others, for us
  std::vector<int> held_up;     ///< of ours: those that wait for others
};

/// Who waits for our batches just now, and which of them wait. Reads pg_locks, which every role
/// may: it needs no privilege. `ours` are server processes whose waits and locks are our own.
pg::asio::awaitable<Result<LockLook>> read_lock_waits(pg::Connection* connection,
                                                      std::vector<int> ours);

}  // namespace backfill
